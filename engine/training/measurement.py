"""The metrics of a lane at an epoch's end, and its test score.

The same in plain NumPy: engine/textbook/evaluation.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from math import fsum
from typing import Any

import numpy as np

from engine.data import Part, Splits
from engine.kernels import Array
from engine.network.layout import Layout
from engine.optimization.clipping import euclidean
from engine.optimization.penalties import penalty_value
from engine.spec import Experiment
from engine.training.constant_model import Comparison, compare
from engine.training.evaluation import Evaluator
from engine.training.reports import Metrics
from engine.training.stack import Stack

__all__ = ["Measurement"]


class Measurement:
    """Evaluates lanes of one shape on the splits; a split without rows has no metrics."""

    def __init__(self, stack: Stack, splits: Splits) -> None:
        self._network, self._layout, self._splits = stack.network, Layout(stack.layout.sizes), splits
        self._train = self._evaluator(splits.train)
        self._validation = self._evaluator(splits.validation)

    def _evaluator(self, part: Part) -> Evaluator | None:
        if not len(part):
            return None
        unit = self._splits.targets.scale if self._splits.task == "regression" else None
        return Evaluator(self._network, self._layout, part, unit)

    def test(self, parameters: Array) -> dict[str, float | None] | None:
        """Loss and scores of (length,) plain parameters on the test rows."""
        evaluator = self._evaluator(self._splits.test)
        if evaluator is None:
            return None
        found = evaluator(parameters)
        return {"loss": found.loss, **found.scores}

    def against_constant(self, experiment: Experiment, parameters: Array) -> Comparison | None:
        """(length,) plain parameters against the constant model, on the rows that validate."""
        # With buffers of its own: a lane may end between two chunks of another lane's evaluation.
        evaluator = self._evaluator(self._splits.validation) or self._evaluator(self._splits.train)
        if evaluator is None:
            return None
        return compare(experiment, self._network, self._splits, evaluator, parameters)

    def __call__(
        self,
        stack: Stack,
        lane: int,
        gradient_norm: float,
        learning_rate: float,
        look: Callable[[], None] | None = None,
    ) -> Metrics:
        """The metrics of a lane of the stack; ``look`` is called now and then, and may raise."""
        parameters = stack.parameters[lane]
        with np.errstate(all="ignore"):
            layers = [stack.layout.weight(parameters, layer) for layer in range(stack.layout.layers)]
            weights = np.concatenate([layer.ravel() for layer in layers], dtype=np.float64)
            penalty = fsum(
                penalty_value(layers[segment.layer], segment.strengths[lane]) for segment in stack.segments
            )
            weight_norm = euclidean(weights)
        return Metrics(
            penalty=penalty,
            weight_norm=weight_norm,
            zero_fraction=float(1 - np.count_nonzero(weights) / weights.size),
            gradient_norm=gradient_norm,
            learning_rate=learning_rate,
            **self._losses(stack.plain(lane), penalty, look),
        )

    def _losses(self, parameters: Array, penalty: float, look: Callable[[], None] | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, evaluator in (("train", self._train), ("val", self._validation)):
            if evaluator is None:
                continue
            result = evaluator(parameters, look)
            found[f"{name}_loss"] = result.loss
            found |= {f"{name}_{score}": value for score, value in result.scores.items()}
            found["dead_units"] = result.dead_units
        if self._validation is None:
            found["dead_units"] = None
        found["objective"] = found["train_loss"] + penalty
        return found
