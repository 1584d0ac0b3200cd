"""Numeric and categorical columns, and the features made of them.

A number that is missing becomes the mean of the training rows, and a feature of its own says so; a category becomes one
feature per level, 1 where it is that level (one-hot). Whatever is fitted is fitted on the training rows alone, so a
level that they do not have is 0 everywhere: as if it were unknown, which is what it is to the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import InvalidData
from engine.kernels import Array

__all__ = ["Column", "Encoding", "check_columns", "width"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers, which are NaN if they are ``missing``, or of categories, numbered below ``levels``."""

    levels: int = 0
    missing: bool = False

    @property
    def width(self) -> int:
        """Number of features that it becomes."""
        return self.levels or 1 + self.missing


def width(columns: Sequence[Column]) -> int:
    """Number of features that the columns become."""
    return sum(column.width for column in columns)


def check_columns(x: Array, columns: Sequence[Column], field: str) -> None:
    """Raise InvalidData, naming the array, unless x (N, C) holds what its columns say."""
    if x.shape[1] != len(columns):
        raise InvalidData(field, f"Must have {len(columns)} columns, one per description.")
    for place, (values, column) in enumerate(zip(x.T, columns, strict=True)):
        known = values[~np.isnan(values)] if column.missing and values.dtype.kind == "f" else values
        if not np.isfinite(known).all():
            raise InvalidData(
                field, f"Column {place} must be finite: no infinity, and NaN only where it may be missing."
            )
        if column.levels and not (
            np.isin(known, np.arange(column.levels)).all() and len(known) == len(values)
        ):
            raise InvalidData(field, f"Column {place} must hold level numbers from 0 to {column.levels - 1}.")


@dataclass(frozen=True)
class Encoding:
    """Columns as they are encoded: of each number its training rows' mean, of each category the levels they have."""

    columns: tuple[Column, ...]
    fitted: tuple[Array, ...]

    @classmethod
    def fit(cls, columns: Sequence[Column], blocks: Iterable[Array]) -> Encoding:
        """Fit on the training rows, which come in blocks (n, C)."""
        totals = [np.zeros(column.levels) if column.levels else NOTHING for column in columns]
        for block in blocks:
            counted = map(_counted, columns, block.T)
            totals = [_together(*each) for each in zip(columns, totals, counted, strict=True)]
        return cls(tuple(columns), tuple(map(_fitted, columns, totals)))

    def apply(self, x: Array) -> Array:
        """(N, I) features of the rows x (N, C), float64."""
        encoded = np.zeros((len(x), width(self.columns)))
        start = 0
        for column, fitted, values in zip(self.columns, self.fitted, x.T, strict=True):
            _encode(encoded[:, start : start + column.width], column, fitted, values)
            start += column.width
        return encoded

    @property
    def numeric(self) -> Array:
        """(I,) whether a feature is a number, which can be scaled, and not one that says yes or no."""
        flags = [
            [True, False][: column.width] if not column.levels else [False] * column.levels
            for column in self.columns
        ]
        return np.array([flag for each in flags for flag in each])

    @property
    def document(self) -> list[dict[str, Any]]:
        """The transformation of a raw row into features, as JSON: a mean for missing values, or the known levels."""
        return [
            {"levels": column.levels, "known": np.flatnonzero(fitted).tolist()}
            if column.levels
            else {"missing": column.missing, "mean": float(fitted)}
            for column, fitted in zip(self.columns, self.fitted, strict=True)
        ]


NOTHING = np.array([0.0, 0.0, np.inf, -np.inf])
"""Sum, count, minimum and maximum of no numbers."""


def _counted(column: Column, values: Array) -> Array:
    """(levels,) rows of each level, or (4,) sum, count, least and largest of the numbers that are there."""
    if column.levels:
        return np.bincount(values.astype(np.intp), minlength=column.levels)
    known = values[~np.isnan(values)] if column.missing else values
    if not len(known):
        return NOTHING
    with np.errstate(over="ignore"):
        return np.array([known.sum(dtype=np.float64), len(known), known.min(), known.max()])


def _together(column: Column, total: Array, more: Array) -> Array:
    """Combined statistics of two blocks."""
    if column.levels:
        return total + more
    return np.array([*(total[:2] + more[:2]), min(total[2], more[2]), max(total[3], more[3])])


def _fitted(column: Column, total: Array) -> Array:
    """(levels,) whether a level is there; () mean of the numbers that are, 0 without any.

    A mean that rounding has moved out of the range of the numbers is moved back: that of equal numbers is the number.
    """
    if column.levels:
        there: Array = total > 0
        return there
    return np.asarray(np.clip(total[0] / total[1], total[2], total[3]) if total[1] else 0.0)


def _encode(out: Array, column: Column, fitted: Array, values: Array) -> None:
    """Write the features of a column's values (N,) to out (N, width), which is 0."""
    if column.levels:
        levels = values.astype(np.intp)
        out[np.arange(len(levels)), levels] = fitted[levels]
        return
    if not column.missing:
        out[:, 0] = values
        return
    gone = np.isnan(values)
    out[:, 0] = np.where(gone, fitted, values)
    out[:, 1] = gone
