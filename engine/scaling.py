"""Scaling of features and targets: x' = (x - mean) / scale, column by column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.calls import Array
from engine.rows import Rows
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
        scaled: Array = values - self.mean
        scaled /= self.scale
        return scaled


def feature_scaling(rule: Scaling, rows: Rows) -> Affine:
    """The scaling of features: fitted on these rows, or fixed."""
    if rule == "standardize":
        return _standardize(rows)
    divisor = rule.divide_by if isinstance(rule, Divide) else 1.0
    return Affine(np.zeros(rows.width), np.full(rows.width, divisor))


def target_scaling(y: Array, *, standardize: bool) -> Affine:
    """The scaling of targets y (N,) or (N, O)."""
    values = columns(y)
    if standardize:
        return _standardize([values])
    return Affine(np.zeros(values.shape[1]), np.ones(values.shape[1]))


def columns(y: Array) -> Array:
    """(N, O) view of targets (N,) or (N, O); N may be 0."""
    return y if y.ndim > 1 else y[:, None]


def _standardize(blocks: Iterable[Array]) -> Affine:
    """Zero mean, unit variance (divided by N); a constant column becomes 0.

    ``blocks`` (n, columns) are gone through three times. Columns are divided by their largest magnitude first, so that
    no sum of squares overflows.
    """
    first = next(iter(blocks))[0].copy()
    constant, size, count = np.ones(len(first), bool), np.zeros(len(first)), 0
    for block in blocks:
        constant &= (block == first).all(axis=0)
        np.maximum(size, np.abs(block.astype(np.float64)).max(axis=0), out=size)
        count += len(block)
    size[size == 0] = 1
    mean = sum((block / size).sum(axis=0) for block in blocks) / count
    variance = sum(np.square(block / size - mean).sum(axis=0) for block in blocks) / count
    deviation = np.sqrt(variance)
    return Affine(
        np.where(constant, first, mean * size),
        np.where(constant | (deviation == 0), 1.0, deviation * size),
    )
