"""What a person should look at before training: rows that come again, columns that say nothing, or too much."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.calls import Array
from service.datasets.parsing.results import Parsed

__all__ = ["find"]

_PARTS = {"train": "", "validation": "_validation", "test": "_test"}
_MOST_NAMED = 100
# With fewer rows a column separates the classes by chance.
_FEWEST_ROWS = 20
_REPEATED = 4
_SAMPLE = 2_000
_BLOCK = 4_096
_CORRELATED = 0.99999
_MULTIPLIER = np.uint64(
    0x9E3779B97F4A7C15
)  # 2^64 over the golden ratio: odd, and its bits look random (Knuth)
_SHIFT = np.uint64(29)


def find(parsed: Parsed) -> dict[str, Any]:
    """Balance of the classes, duplicates, constant columns, row numbers and suspected leaks, as JSON."""
    x, y = parsed.arrays["x"], parsed.arrays["y"]
    names = [column.name for column in parsed.columns]
    constant = [names[place] for place in np.flatnonzero(_are_constant(x))]
    # What a single pixel or label says is never the whole target.
    whole = parsed.image_shape is None and y.ndim == 1 and len(y) >= _FEWEST_ROWS
    return {
        "class_balance": _balance(parsed),
        "duplicates": _duplicates(parsed),
        "constant_columns": constant[:_MOST_NAMED],
        "row_numbers": [
            name for name, values in zip(names, x.T, strict=True) if whole and _counts_rows(values)
        ],
        "suspected_leaks": [
            name
            for name, values in zip(names, x.T, strict=True)
            if whole and _determines(values, y, parsed.task)
        ][:_MOST_NAMED],
    }


def _balance(parsed: Parsed) -> dict[str, dict[str, int]] | None:
    """Rows of each class, or with each label, in each part; None for regression."""
    if parsed.task == "regression":
        return None
    found = {}
    for part, suffix in _PARTS.items():
        y = parsed.arrays.get(f"y{suffix}")
        if y is not None and parsed.classes is not None:
            counts = np.bincount(y, minlength=len(parsed.classes)).tolist()
            found[part] = dict(zip(parsed.classes, counts, strict=True))
        elif y is not None:
            counts = y.reshape(len(y), -1).sum(axis=0, dtype=np.int64).tolist()
            found[part] = dict(zip(parsed.target_names, counts, strict=True))
    return found


def _duplicates(parsed: Parsed) -> dict[str, int]:
    """How many rows have the features of an earlier one of their part, or of a row of another part."""
    hashes = {
        part: _hashes(parsed.arrays[f"x{suffix}"])
        for part, suffix in _PARTS.items()
        if f"x{suffix}" in parsed.arrays
    }
    found = {f"within_{part}": len(values) - len(np.unique(values)) for part, values in hashes.items()}
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if first in hashes and second in hashes:
            found[f"{second}_in_{first}"] = int(np.isin(hashes[second], hashes[first]).sum())
    return found


def _hashes(x: Array) -> Array:
    """(N,) 64 bits for each row (N, C): the same for the same numbers, whatever their type and the sign of a zero.

    Two rows of a million share them by chance once in 40 million data sets.
    """
    hashes = np.zeros(len(x), np.uint64)
    for start in range(0, len(x), _BLOCK):
        block = hashes[start : start + _BLOCK]
        columns = np.ascontiguousarray(x[start : start + _BLOCK].T, np.float64) + 0.0
        columns[np.isnan(columns)] = np.nan
        for bits in columns.view(np.uint64):
            block ^= bits
            block *= _MULTIPLIER
            block ^= block >> _SHIFT
    return hashes


def _are_constant(x: Array) -> Array:
    """(C,) whether all values of a column are the same, or all are missing."""
    first, constant = x[0], np.ones(x.shape[1], bool)
    for start in range(0, len(x), _BLOCK):
        block = x[start : start + _BLOCK]
        same = block == first
        if x.dtype.kind == "f":
            same |= np.isnan(block) & np.isnan(first)
        constant &= same.all(axis=0)
    return constant


def _is_constant(values: Array) -> bool:
    return bool((values == values[0]).all())


def _counts_rows(values: Array) -> bool:
    """Whether each value is the one before it and 1: a number of the row, from which nothing is to be learned."""
    return float(values[1]) - float(values[0]) == 1 and bool((np.diff(values.astype(np.float64)) == 1).all())


def _determines(values: Array, y: Array, task: str) -> bool:
    """Whether the column alone tells the target; a few rows are asked first, which most columns fail."""
    test = _correlates if task == "regression" else _separates
    step = max(1, len(values) // _SAMPLE)
    sample = values[::step].astype(np.float64), y[::step].astype(np.float64)
    return test(*sample) and (step == 1 or test(values.astype(np.float64), y.astype(np.float64)))


def _separates(values: Array, y: Array) -> bool:
    """Whether values that come again always come with one class, or thresholds part the classes without an error."""
    known = ~np.isnan(values)
    if np.count_nonzero(known) < _FEWEST_ROWS or len(np.unique(y[known])) <= 1:
        return False
    order = np.lexsort((y[known], values[known]))
    ordered, classes = values[known][order], y[known][order]
    changes = classes[1:] != classes[:-1]
    if (changes & (ordered[1:] == ordered[:-1])).any():
        return False
    distinct, found = 1 + np.count_nonzero(ordered[1:] != ordered[:-1]), len(np.unique(classes))
    parted = np.count_nonzero(changes) < found and found * _REPEATED <= len(ordered)
    return bool(distinct * _REPEATED <= len(ordered) or parted)


def _correlates(values: Array, y: Array) -> bool:
    """Whether the target is the column but for a factor and an offset."""
    known = ~np.isnan(values)
    if np.count_nonzero(known) < _FEWEST_ROWS or _is_constant(values[known]) or _is_constant(y[known]):
        return False
    scaled = [_scaled(each[known]) for each in (values, y)]
    return bool(abs(np.dot(*scaled)) > _CORRELATED)


def _scaled(values: Array) -> Array:
    """The values less their mean, of length 1; divided first, so that no square overflows."""
    relative = values / np.abs(values).max()
    centered: Array = relative - relative.mean()
    length = np.sqrt(np.square(centered).sum())
    return centered / length if length else centered
