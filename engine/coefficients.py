"""The numbers that change from step to step: learning rates, bias corrections, thresholds, for every lane.

They are pure functions of the step's number, computed for a whole epoch in float64; a step copies its row of
the table into ``current``, of which the kernels hold views.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.calls import Array
from engine.optimizers import OPTIMIZERS
from engine.penalties import Segment
from engine.spec import Experiment

__all__ = ["Coefficients"]


class Coefficients:
    """The coefficients of a stack's steps, by name.

    ``scale`` is what the output layer's error is multiplied by; the rest is the optimizer's, and per penalized
    segment i ``l2/i`` and ``l1/i`` (gradients), ``decay/i``, ``threshold/i`` and ``minus_threshold/i``.
    """

    def __init__(
        self, experiments: Sequence[Experiment], segments: Sequence[Segment], dtype: np.dtype[Any]
    ) -> None:
        self._experiments = experiments
        self._segments = segments
        self._rule = OPTIMIZERS[type(experiments[0].optimizer)]
        self._decays = self._rule.decays(experiments[0].optimizer)
        self._proximal = experiments[0].l1_update == "proximal"
        with np.errstate(all="ignore"):
            one = np.ones((len(experiments), 1))
            self.names = tuple(self._epoch(one, one))
        self.current = np.zeros((len(self.names), len(experiments)), dtype)

    def view(self, name: str) -> Array:
        """The current value: zero-dimensional for one lane, else (K, 1)."""
        row: Array = self.current[self.names.index(name)]
        return row.reshape(()) if row.size == 1 else row.reshape(-1, 1)

    def get(self, name: str) -> Array | None:
        """The current value, or None for a term this stack does not have."""
        return self.view(name) if name in self.names else None

    def table(self, epochs: Sequence[int], batches: Array) -> Array:
        """(steps, names, K) values of the epoch after ``epochs`` completed ones; ``batches`` holds the steps' rows."""
        completed = np.array(epochs, np.float64)[:, None] * batches.size
        steps = completed + np.arange(1, batches.size + 1)
        values = self._epoch(steps, np.broadcast_to(batches, steps.shape))
        columns = [np.broadcast_to(value, steps.shape) for value in values.values()]
        return np.ascontiguousarray(np.stack(columns).transpose(2, 0, 1), self.current.dtype)

    def rates(self, steps: Array) -> Array:
        """(K, steps) learning rates."""
        rate = np.array([[experiment.optimizer.learning_rate] for experiment in self._experiments])
        return np.broadcast_to(rate, steps.shape)

    def _epoch(self, steps: Array, batches: Array) -> dict[str, Array]:
        specs = [experiment.optimizer for experiment in self._experiments]
        of_rule = self._rule.coefficients(specs, steps, self.rates(steps))
        values = {"scale": of_rule["fold"] / batches, **of_rule}
        for index, segment in enumerate(self._segments):
            terms = self._penalty(segment, of_rule["fold"], of_rule["reach"])
            values |= {f"{name}/{index}": value for name, value in terms.items()}
        return values

    def _penalty(self, segment: Segment, fold: Array, reach: Array) -> dict[str, Array]:
        l1 = np.array([[strength.l1] for strength in segment.strengths])
        l2 = np.array([[strength.l2] for strength in segment.strengths])
        terms: dict[str, Array] = {}
        if segment.has_l2:
            terms |= {"decay": 1 - fold * l2} if self._decays else {"l2": fold * l2}
        if segment.has_l1:
            proximal = {"threshold": reach * l1, "minus_threshold": -reach * l1}
            terms |= proximal if self._proximal else {"l1": fold * l1}
        return terms
