"""The numbers that change from step to step: learning rates, bias corrections, thresholds, for every lane.

They are pure functions of the step's number, computed for a whole epoch in float64; a step copies its row of
the table into ``current``, of which the kernels hold views.
"""

from __future__ import annotations

import numpy as np

from engine.kernels import Array
from engine.optimization.optimizers import OPTIMIZERS
from engine.optimization.penalties import Segment
from engine.optimization.schedules import rates
from engine.training.stack import Stack

__all__ = ["Coefficients"]


class Coefficients:
    """The coefficients of a stack's steps, by name.

    ``error`` is what the output layer's error is multiplied by; the rest is the optimizer's, ``clip_norm`` and
    ``max_norm`` where there are such, and for penalized segment i ``l2/i`` and ``l1/i`` (gradients), ``decay/i``,
    ``threshold/i`` and ``minus_threshold/i``. ``folded`` says that the gradient is multiplied by the learning rate on
    its way.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack, first = stack, stack.experiments[0]
        self._rule = OPTIMIZERS[type(first.optimizer)]
        self.folded = self._rule.folds(first.optimizer) and first.clip_norm is None
        self._proximal = first.l1_update == "proximal"
        with np.errstate(all="ignore"):
            one = np.ones((len(stack), 1))
            self.names = tuple(self._epoch(one, one, one))
        self.current = np.zeros((len(self.names), len(stack)), stack.parameters.dtype)

    def view(self, name: str) -> Array:
        """The current value: zero-dimensional for one lane, else (K, 1)."""
        row: Array = self.current[self.names.index(name)]
        return row.reshape(()) if row.size == 1 else row.reshape(-1, 1)

    def get(self, name: str) -> Array | None:
        """The current value, or None for a term this stack does not have."""
        return self.view(name) if name in self.names else None

    def folds(self) -> Array:
        """(K,) numbers by which the gradient is multiplied on its way in the current step, float64."""
        rate = self.view("rate").reshape(-1).astype(np.float64)
        return rate if self.folded else np.ones_like(rate)

    def unfold(self, lanes: Array, batch: int) -> None:
        """Let the gradient of these lanes arrive as it is, in the current step on ``batch`` rows."""
        network = self._stack.network
        self.current[self.names.index("error"), lanes] = network.cost.factor(network.sizes[-1]) / batch

    def table(self, batches: Array) -> Array:
        """(steps, names, K) values of the coming epoch; ``batches`` holds the rows of its steps."""
        epochs = np.array(self._stack.epochs, np.float64)[:, None]
        steps = epochs * batches.size + np.arange(1, batches.size + 1)
        with np.errstate(all="ignore"):
            found = self._epoch(
                steps, self._rates(steps, batches.size), np.broadcast_to(batches, steps.shape)
            )
        columns = [np.broadcast_to(value, steps.shape) for value in found.values()]
        return np.ascontiguousarray(np.stack(columns).transpose(2, 0, 1), self.current.dtype)

    def last_rates(self, steps: int) -> Array:
        """(K,) learning rates of the last step of the epoch that was completed, of so many steps."""
        done = np.array(self._stack.epochs, np.float64)[:, None] * steps
        return self._rates(done, steps)[:, 0]

    def _rates(self, steps: Array, in_epoch: int) -> Array:
        """(K, steps) learning rates of the given steps, counted from 1."""
        lanes = zip(self._stack.experiments, self._stack.plateaus, steps, strict=True)
        found = [
            rates(experiment.schedule, plateau.rate, row - 1, experiment.max_epochs * in_epoch)
            for experiment, plateau, row in lanes
        ]
        return np.stack(found)

    def _epoch(self, steps: Array, rate: Array, batches: Array) -> dict[str, Array]:
        experiments = self._stack.experiments
        specs = [experiment.optimizer for experiment in experiments]
        of_rule = self._rule.coefficients(specs, steps, rate)
        fold = rate if self.folded else np.ones_like(rate)
        network = self._stack.network
        values = {"error": fold / batches * network.cost.factor(network.sizes[-1]), **of_rule}
        for name in ("clip_norm", "max_norm"):
            if getattr(experiments[0], name) is not None:
                values[name] = np.array([[getattr(experiment, name)] for experiment in experiments])
        for index, segment in enumerate(self._stack.segments):
            terms = self._penalty(segment, fold, of_rule["reach"])
            values |= {f"{name}/{index}": value for name, value in terms.items()}
        return values

    def _penalty(self, segment: Segment, fold: Array, reach: Array) -> dict[str, Array]:
        l1 = np.array([[strength.l1] for strength in segment.strengths])
        l2 = np.array([[strength.l2] for strength in segment.strengths])
        terms: dict[str, Array] = {}
        if segment.has_l2:
            terms |= {"decay": 1 - fold * l2} if self.folded else {"l2": fold * l2}
        if segment.has_l1:
            proximal = {"threshold": reach * l1, "minus_threshold": -reach * l1}
            terms |= proximal if self._proximal else {"l1": fold * l1}
        return terms
