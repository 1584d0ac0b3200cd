"""Targets as the loss wants them: encoded, smoothed, and weighted by class.

The same in plain NumPy: engine/textbook/data.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

import numpy as np

from engine.data.scaling import Affine, columns
from engine.kernels import Array
from engine.spec import LossSpec

__all__ = ["class_weights", "encode", "smoothed"]


def encode(y: Array, task: str, outputs: int, scaling: Affine) -> Array:
    """(N, O) targets: scaled for regression, one column for a single output, one-hot for several classes."""
    if task == "regression":
        return scaling.apply(columns(y))
    if task == "multilabel" or outputs == 1:
        return columns(y)
    return np.eye(outputs)[y]


def smoothed(targets: Array, loss: LossSpec, share: float) -> Array:
    """Targets (N, O) moved towards ignorance: y(1 - ε) + ε/K for exclusive classes, else y(1 - ε) + ε/2."""
    if not share:
        return targets
    level = 1 / targets.shape[1] if loss == "cross_entropy" else 0.5
    return (targets * (1 - share) + share * level).astype(targets.dtype)


def class_weights(rule: str | dict[str, float] | None, labels: Array, classes: int) -> Array | None:
    """(N,) weights of rows with these class numbers, as given or balanced.

    Given: a class not named weighs 1. Balanced: n/(C·n_c), C being the classes that these rows have.
    """
    if rule is None:
        return None
    if isinstance(rule, dict):
        return np.array([rule.get(str(label), 1.0) for label in range(classes)])[labels]
    counts = np.bincount(labels)
    return (len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[labels]
