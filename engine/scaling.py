"""Scaling of features and targets: x' = (x - mean) / scale, column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.calls import Array
from engine.spec import Divide, Scaling

__all__ = ["Affine", "columns", "feature_scaling", "target_scaling"]


@dataclass(frozen=True)
class Affine:
    """``mean`` and ``scale`` (columns,), float64."""

    mean: Array
    scale: Array

    def only(self, scaled: Array) -> Affine:
        """The same for the columns marked in ``scaled`` (columns,); the others stay as they are."""
        return Affine(np.where(scaled, self.mean, 0.0), np.where(scaled, self.scale, 1.0))

    def apply(self, values: Array) -> Array:
        """(N, columns) scaled values, float64."""
        scaled: Array = (values - self.mean) / self.scale
        return scaled


def feature_scaling(rule: Scaling, x: Array) -> Affine:
    """The scaling of features x (N, I): fitted on them, or fixed."""
    width = x.shape[1]
    if rule == "standardize":
        return _standardize(x)
    divisor = rule.divide_by if isinstance(rule, Divide) else 1.0
    return Affine(np.zeros(width), np.full(width, divisor))


def target_scaling(y: Array, *, standardize: bool) -> Affine:
    """The scaling of targets y (N,) or (N, O)."""
    values = columns(y)
    if standardize:
        return _standardize(values)
    return Affine(np.zeros(values.shape[1]), np.ones(values.shape[1]))


def columns(y: Array) -> Array:
    """(N, O) view of targets (N,) or (N, O); N may be 0."""
    return y if y.ndim > 1 else y[:, None]


def _standardize(values: Array) -> Affine:
    """Zero mean, unit variance (divided by N); a constant column becomes 0.

    Columns are divided by their largest magnitude first, so that no sum of squares overflows.
    """
    size = np.abs(values.astype(np.float64)).max(axis=0)
    size[size == 0] = 1
    relative = values / size
    mean = relative.mean(axis=0)
    deviation = np.sqrt(np.square(relative - mean).mean(axis=0))
    constant = (values == values[0]).all(axis=0)
    return Affine(
        np.where(constant, values[0], mean * size),
        np.where(constant | (deviation == 0), 1.0, deviation * size),
    )
