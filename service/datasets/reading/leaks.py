"""Detect columns that determine the target by themselves."""

from __future__ import annotations

import numpy as np

from engine.kernels import Array

__all__ = ["FEWEST_ROWS", "determines"]

FEWEST_ROWS = 20
"""Minimum number of rows: with fewer, a column separates the classes by chance."""

_REPEATED = 4
_SAMPLE = 2_000
_SAMPLE_OF_CLASS = 50
_CORRELATED = 0.998
"""Minimum correlation of a leak. A copy with noise of a twentieth of its spread has 0.9988; the closest
honest columns stay below.
"""
_MONOTONE = 0.9999
_FEWEST_OTHERS = 5
_ERRORS = 0.02
"""Share of the rows outside the largest class that a leak may get wrong."""
_ROWS_A_RANGE = 50
_MOST_CLASSES = 10


def determines(values: Array, y: Array, task: str, *, ordered: bool) -> bool:
    """Whether a column (N,) alone tells the target (N,); ``ordered`` says that its values are amounts.

    A sample is asked first, which most columns fail.
    """
    if task == "regression":
        rows = _every(len(y), _SAMPLE)
        return _correlates(values[rows], y[rows]) and (len(rows) == len(y) or _correlates(values, y))
    rows = _sample(y)
    return _separates(values[rows], y[rows], ordered=ordered) and (
        len(rows) == len(y) or _separates(values, y, ordered=ordered)
    )


def _every(rows: int, most: int) -> Array:
    return np.arange(0, rows, max(1, rows // most))


def _sample(y: Array) -> Array:
    """Rows from the whole file, some of them from each class."""
    if len(y) <= _SAMPLE:
        return np.arange(len(y))
    order = np.argsort(y, kind="stable")
    starts = np.flatnonzero(np.diff(y[order], prepend=y[order[0]] - 1.0))
    few = [
        rows[_every(len(rows), _SAMPLE_OF_CLASS)]
        for rows in np.split(order, starts[1:])[: _SAMPLE // _SAMPLE_OF_CLASS]
    ]
    return np.unique(np.concatenate([_every(len(y), _SAMPLE), *few]))


def _separates(values: Array, y: Array, *, ordered: bool) -> bool:
    """Whether values that come again come with one class, or ranges of values part the classes; but for few errors."""
    known = ~np.isnan(values.astype(np.float64))
    values, y = values[known].astype(np.float64), y[known].astype(np.intp)
    rows = len(y)
    others = rows - int(np.bincount(y).max()) if rows else 0
    if rows < FEWEST_ROWS or others < _FEWEST_OTHERS:
        return False
    order = np.lexsort((y, values))
    values, y = values[order], y[order]
    firsts = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
    right = rows - int(_ERRORS * others)
    if len(firsts) * _REPEATED <= rows and _most_common(y, firsts) >= right:
        return True
    return ordered and (_pure_ranges(y, firsts, others) or _by_thresholds(y, firsts) >= right)


def _most_common(y: Array, firsts: Array) -> int:
    """Rows of the most common class of each value, of which ``firsts`` are the first rows; ``y`` is sorted in each."""
    changes = np.diff(y, prepend=-1) != 0
    changes[firsts] = True
    starts = np.flatnonzero(changes)
    counts = np.diff(starts, append=len(y))
    return int(np.maximum.reduceat(counts, np.searchsorted(starts, firsts)).sum())


def _pure_ranges(y: Array, firsts: Array, others: int) -> bool:
    """Whether few ranges of values hold one class each, without an error, as numbers given class by class do."""
    changes = np.flatnonzero(np.diff(y)) + 1
    if not np.isin(changes, firsts).all():
        return False
    classes = len(np.unique(y))
    few = len(changes) < classes and classes * _REPEATED <= len(y)
    return few or (len(changes) * _ROWS_A_RANGE <= len(y) and others >= _FEWEST_OTHERS * len(changes))


def _by_thresholds(y: Array, firsts: Array) -> int:
    """Number of rows that the best division into as many ranges as classes gets right; 0 for many classes."""
    classes = np.unique(y)
    if len(classes) > _MOST_CLASSES or len(classes) * _REPEATED > len(y):
        return 0
    bounds = np.append(firsts, len(y))
    counts = [np.concatenate([[0], np.cumsum(y == each)])[bounds] for each in classes]
    best = np.maximum.reduce(counts)
    for _ in classes[1:]:
        best = np.maximum.reduce([count + np.maximum.accumulate(best - count) for count in counts])
    return int(best[-1])


def _correlates(values: Array, y: Array) -> bool:
    """Whether the target is the column in another unit, but for little noise, or rises or falls with it throughout."""
    known = ~np.isnan(values.astype(np.float64))
    values, y = values[known].astype(np.float64), y[known].astype(np.float64)
    if len(y) < FEWEST_ROWS or (values == values[0]).all() or (y == y[0]).all():
        return False
    if abs(np.dot(_scaled(values), _scaled(y))) > _CORRELATED:
        return True
    ranks = [np.unique(each, return_inverse=True)[1].astype(np.float64) for each in (values, y)]
    repeated = any(2 * (rank.max() + 1) < len(rank) for rank in ranks)
    return not repeated and bool(abs(np.dot(*map(_scaled, ranks))) > _MONOTONE)


def _scaled(values: Array) -> Array:
    """The values less their mean, of length 1; divided first, so that no square overflows."""
    largest = np.abs(values).max()
    relative = values / largest if largest else values
    centered: Array = relative - relative.mean()
    length = np.sqrt(np.square(centered).sum())
    return centered / length if length else centered
