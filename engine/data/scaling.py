"""Scaling of features and targets: x' = (x - mean) / scale, column by column.

The same in plain NumPy: engine/textbook/data.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.data.rows import Rows
from engine.kernels import Array
from engine.spec import Divide, Scaling

__all__ = ["Affine", "columns", "feature_scaling", "target_scaling"]

SOME_ULPS = 4
"""Rounding error, in units of the last place, up to which a feature counts as constant."""

ENORMOUS = float(np.finfo(np.float64).max)
"""Scale of a constant feature: its scaled values are 0, and JSON can represent it."""


@dataclass(frozen=True)
class Affine:
    """``mean`` and ``scale`` (columns,), float64.

    Values that differ from the mean by up to ``ignored`` (columns,) become 0.
    """

    mean: Array
    scale: Array
    ignored: Array

    @classmethod
    def by(cls, divisor: Array) -> Affine:
        """Divide by (columns,) fixed numbers."""
        return cls(np.zeros(len(divisor)), divisor, np.zeros(len(divisor)))

    def only(self, scaled: Array) -> Affine:
        """The same for the columns marked in ``scaled`` (columns,); the others stay as they are."""
        return Affine(
            np.where(scaled, self.mean, 0.0),
            np.where(scaled, self.scale, 1.0),
            np.where(scaled, self.ignored, 0.0),
        )

    def apply(self, values: Array) -> Array:
        """(N, columns) scaled values, float64."""
        with np.errstate(over="ignore"):
            scaled: Array = values - self.mean
        if self.ignored.any():
            scaled[np.abs(scaled) <= self.ignored] = 0
        scaled /= self.scale
        return scaled


def feature_scaling(rule: Scaling, rows: Rows) -> Affine:
    """The scaling of features: fitted on these rows, or fixed. A fitted column that does not vary is 0 everywhere."""
    if rule == "standardize":
        fit = _Fit.of(rows)
        scale, ignored = np.where(fit.constant, ENORMOUS, fit.scale), np.where(fit.constant, np.inf, 0.0)
        return Affine(fit.mean, scale, ignored)
    return Affine.by(np.full(rows.width, rule.divide_by if isinstance(rule, Divide) else 1.0))


def target_scaling(y: Array, *, standardize: bool) -> Affine:
    """The scaling of targets y (N,) or (N, O), which are invertible.

    Targets that do not vary become 0. Others that are met later are divided by the constant's magnitude, or by 1 if
    that is larger, so that errors keep a sensible size.
    """
    values = columns(y)
    if not standardize:
        return Affine.by(np.ones(values.shape[1]))
    fit = _Fit.of([values])
    return Affine(
        fit.mean,
        np.where(fit.constant, np.maximum(np.abs(fit.mean), 1.0), fit.scale),
        np.where(fit.constant, fit.rounding, 0.0),
    )


def columns(y: Array) -> Array:
    """(N, O) view of targets (N,) or (N, O); N may be 0."""
    return y if y.ndim > 1 else y[:, None]


@dataclass(frozen=True)
class _Fit:
    """Statistics of columns, (columns,) each: ``mean`` and ``scale`` are unused for constant columns.

    ``rounding`` is the difference up to which numbers of this size are the same.
    """

    mean: Array
    scale: Array
    constant: Array
    rounding: Array

    @classmethod
    def of(cls, blocks: Iterable[Array]) -> _Fit:
        """Zero mean, unit variance (divided by N), and which columns do not vary.

        ``blocks`` (n, columns) are gone through three times, and once more if a column hardly varies. Columns are
        divided by their largest magnitude first, so that no sum of squares overflows.
        """
        first = next(iter(blocks))[0].astype(np.float64)
        low, high, count = first, first, 0
        for block in blocks:
            low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
            count += len(block)
        size = np.maximum(np.abs(low), np.abs(high))
        rounding = _rounding(blocks, low, high, size)
        size[size == 0] = 1
        mean = sum((block / size).sum(axis=0) for block in blocks) / count
        variance = sum(np.square(block / size - mean).sum(axis=0) for block in blocks) / count
        scale = np.sqrt(variance) * size
        with np.errstate(over="ignore"):
            constant = (high - low <= rounding) | (scale == 0)
        return cls(np.where(constant, first, mean * size), scale, constant, rounding)


def _rounding(blocks: Iterable[Array], low: Array, high: Array, size: Array) -> Array:
    """(columns,) differences up to which numbers of this size are the same: some units in the last place.

    The last place is float32's where float32 holds every number of a column. Integers that float64 holds exactly have
    no rounding errors.
    """
    single, double = (SOME_ULPS * float(np.finfo(dtype).eps) for dtype in (np.float32, np.float64))
    with np.errstate(over="ignore"):
        doubtful = (low < high) & (high - low <= single * size)
    relative = np.full(len(size), double)
    if doubtful.any():
        is_single, is_integer = doubtful.copy(), doubtful & (size <= 2**53)
        for block in blocks:
            with np.errstate(over="ignore"):
                is_single &= (block == block.astype(np.float32)).all(axis=0)
            is_integer &= (block == np.trunc(block)).all(axis=0)
        relative[is_single] = single
        relative[is_integer] = 0
    return relative * size
