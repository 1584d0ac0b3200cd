"""Values that change from step to step: learning rates, bias corrections, thresholds, for every lane.

They are pure functions of the step's number, computed for a whole epoch in float64. A step copies its row of the table
into ``current``, of which the kernels hold views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.kernels import Array
from engine.optimization.optimizers import update_of
from engine.optimization.penalties import Terms
from engine.optimization.schedules import rates
from engine.training.stack import Stack

__all__ = ["StepNumbers", "StepSizes"]


@dataclass(frozen=True, slots=True)
class StepNumbers:
    """The numbers of a step, or of all steps of an epoch."""

    error: Array
    """Factor of the output layer's error: 1/B, times the learning rate if it is folded in."""
    optimizer: Mapping[str, Array]
    """The optimizer's coefficients, by the names that its class gives them."""
    clip_norm: Array | None
    max_norm: Array | None
    terms: Mapping[int, Terms]
    """The penalty's terms of each penalized layer, by its number."""

    def map(self, function: Callable[[Array], Array]) -> StepNumbers:
        """The same structure with each number replaced, always in the same order."""
        return StepNumbers(
            error=function(self.error),
            optimizer={name: function(value) for name, value in self.optimizer.items()},
            clip_norm=None if self.clip_norm is None else function(self.clip_norm),
            max_norm=None if self.max_norm is None else function(self.max_norm),
            terms={layer: terms.map(function) for layer, terms in self.terms.items()},
        )

    def flat(self) -> list[Array]:
        """Every number, in the order of ``map``."""
        found: list[Array] = []

        def keep(number: Array) -> Array:
            found.append(number)
            return number

        self.map(keep)
        return found


class StepSizes:
    """The numbers of a stack's steps: ``now`` holds views of those in ``current``, zero-dimensional or (K, 1).

    ``folded`` says that the gradient is multiplied by the learning rate on its way.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack, first = stack, stack.experiments[0]
        self._update = update_of(stack.experiments)
        self.folded = self._update.folds and first.clip_norm is None
        self._proximal = first.l1_update == "proximal"
        with np.errstate(all="ignore"):
            one = np.ones((len(stack), 1))
            numbers = self._numbers(one, one, one)
        self.current = np.zeros((len(numbers.flat()), len(stack)), stack.parameters.dtype)
        views = iter(self.current)
        self.now = numbers.map(lambda _: _by_lane(next(views)))

    def folds(self) -> Array:
        """(K,) numbers by which the gradient is multiplied on its way in the current step, float64."""
        rate = self.now.optimizer["rate"].reshape(-1).astype(np.float64)
        return rate if self.folded else np.ones_like(rate)

    def unfold(self, lanes: Array, batch: int) -> None:
        """Let the gradient of these lanes arrive as it is, in the current step on ``batch`` rows."""
        network = self._stack.network
        self.now.error.reshape(-1)[lanes] = network.cost.factor(network.sizes[-1]) / batch

    def table(self, batches: Array) -> Array:
        """(steps, numbers, K) values of the coming epoch; ``batches`` holds the rows of its steps."""
        epochs = np.array(self._stack.epochs, np.float64)[:, None]
        steps = epochs * batches.size + np.arange(1, batches.size + 1)
        with np.errstate(all="ignore"):
            numbers = self._numbers(
                steps, self._rates(steps, batches.size), np.broadcast_to(batches, steps.shape)
            )
        columns = [np.broadcast_to(value, steps.shape) for value in numbers.flat()]
        return np.ascontiguousarray(np.stack(columns).transpose(2, 0, 1), self.current.dtype)

    def last_rates(self, steps: int) -> Array:
        """(K,) learning rates of the last step of the epoch that was completed, of so many steps."""
        done = np.array(self._stack.epochs, np.float64)[:, None] * steps
        return self._rates(done, steps)[:, 0]

    def _rates(self, steps: Array, in_epoch: int) -> Array:
        """(K, steps) learning rates of the given steps, counted from 1."""
        lanes = zip(self._stack.experiments, self._stack.plateaus, steps, strict=True)
        found = [
            rates(experiment.schedule, plateau.rate, of_lane - 1, experiment.max_epochs * in_epoch)
            for experiment, plateau, of_lane in lanes
        ]
        return np.stack(found)

    def _numbers(self, steps: Array, rate: Array, batches: Array) -> StepNumbers:
        network, optimizer = self._stack.network, self._update.coefficients(steps, rate)
        fold = rate if self.folded else np.ones_like(rate)
        return StepNumbers(
            error=fold / batches * network.cost.factor(network.sizes[-1]),
            optimizer=optimizer,
            clip_norm=self._limits("clip_norm"),
            max_norm=self._limits("max_norm"),
            terms={
                segment.layer: segment.terms(
                    fold, optimizer["reach"], decays=self.folded, proximal=self._proximal
                )
                for segment in self._stack.segments
            },
        )

    def _limits(self, field: str) -> Array | None:
        """(K, 1) bounds of a norm, None if the stack has none."""
        limits = [[getattr(experiment, field)] for experiment in self._stack.experiments]
        return None if limits[0][0] is None else np.array(limits)


def _by_lane(values: Array) -> Array:
    """(K,) as (K, 1), for one lane as a zero-dimensional array; a view."""
    return values.reshape(()) if values.size == 1 else values.reshape(-1, 1)
