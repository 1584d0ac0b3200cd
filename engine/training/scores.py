"""Scores of a network on a split: accuracy, or R² and two errors.

The same in plain NumPy: engine/textbook/evaluation.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from engine.data.scaling import SOME_ULPS
from engine.kernels import Array, Call, constant
from engine.network.activations import logistic
from engine.network.shape import Network

__all__ = ["Scores", "scoring"]


Scores = dict[str, float | None]
"""``accuracy`` for classification; ``r2``, ``mae``, ``rmse`` for regression, R² None if the targets do not vary."""

Score = Callable[[Array, Array, slice], list[Call]]
"""From logits (O, B), scratch (O, B) and the rows of the split: the calls that score these rows."""


def scoring(
    network: Network, targets: Array, labels: Array | None, unit: Array | None
) -> tuple[Score, Callable[[], Scores]]:
    """Bind the scoring of a chunk and the summing of all chunks, for (O, N) targets.

    ``labels`` (N,) class numbers for a choice between several outputs; ``unit`` (O,) turns scaled regression
    targets into the user's; neither means outputs that are each yes or no.
    """
    if unit is not None:
        return _errors(network, targets, unit)
    if labels is not None and len(targets) > 1:
        return _choices(labels)
    return _decisions(network, targets)


def _choices(labels: Array) -> tuple[Score, Callable[[], Scores]]:
    """The largest output, the first of equals, is the predicted class."""
    predicted = np.zeros(len(labels), np.intp)

    def score(logits: Array, scratch: Array, where: slice) -> list[Call]:
        return [partial(np.argmax, logits, 0, predicted[where])]

    return score, lambda: {"accuracy": float(np.count_nonzero(predicted == labels) / labels.size)}


def _decisions(network: Network, targets: Array) -> tuple[Score, Callable[[], Scores]]:
    """Yes where an output is above one half; the mean over outputs and rows."""
    half = 0.5 if network.output == "identity" else 0.0
    truth = targets > constant(0.5, targets)
    said = np.zeros_like(truth)

    def score(logits: Array, scratch: Array, where: slice) -> list[Call]:
        return [partial(np.greater, logits, constant(half, logits), said[:, where])]

    return score, lambda: {"accuracy": float(np.count_nonzero(said == truth) / truth.size)}


def _errors(network: Network, targets: Array, unit: Array) -> tuple[Score, Callable[[], Scores]]:
    """R² averaged over the outputs that vary; mean absolute and root mean squared error in the target's own unit."""
    residuals = np.zeros_like(targets)
    spread = np.square(targets - targets.mean(axis=1, dtype=np.float64, keepdims=True)).sum(axis=1)
    varies = np.ptp(targets, axis=1) > SOME_ULPS * np.finfo(targets.dtype).eps * np.abs(targets).max(axis=1)

    def score(logits: Array, scratch: Array, where: slice) -> list[Call]:
        answer = scratch if network.output == "sigmoid" else logits
        calls = logistic(logits, scratch) if network.output == "sigmoid" else []
        return [*calls, partial(np.subtract, answer, targets[:, where], residuals[:, where])]

    def scores() -> Scores:
        errors = residuals.astype(np.float64)
        squares = np.square(errors)
        unexplained = squares.sum(axis=1)[varies] / spread[varies]
        return {
            "r2": float(1 - unexplained.mean()) if varies.any() else None,
            "mae": float((np.abs(errors).mean(axis=1) * unit).mean()),
            "rmse": float((np.sqrt(squares.mean(axis=1)) * unit).mean()),
        }

    return score, scores
