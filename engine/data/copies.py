"""Rows with exactly the features of another row: found by hashes, kept together by a split, or warned about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from engine.kernels import Array
from engine.spec import SpecWarning

__all__ = [
    "REMARKABLE_SHARE",
    "TIMES_CHANCE",
    "TRAINING_SHARE",
    "chance_share",
    "copy_groups",
    "copy_warnings",
    "row_hashes",
]

TRAINING_SHARE = 0.6
"""Share of training rows by default."""

REMARKABLE_SHARE = 0.02
"""Share of held-out rows with a copy among the training rows from which a warning is issued."""

TIMES_CHANCE = 3
"""Minimum ratio of that share to the one expected by chance."""

_BLOCK = 4_096
# 2^64 over the golden ratio: odd, and its bits look random (Knuth).
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_NO_CHANCE = 1e-9
_HARDLY_VARIES = 0.9
"""Share of agreeing row pairs above which a column carries next to no information."""
_MOST_GROUPS = 4_096


def row_hashes(parts: Mapping[str, Array]) -> dict[str, Array]:
    """(N,) 64 bits for each row of parts (N, C): the same for the same numbers, whatever their type and a zero's sign.

    Two rows of a million share them by chance once in 40 million data sets.
    """
    columns = _words if all(x.dtype == np.uint8 for x in parts.values()) else _numbers
    return {name: _hashed(x, columns) for name, x in parts.items()}


def _hashed(x: Array, columns: Callable[[Array], Array]) -> Array:
    hashes = np.zeros(len(x), np.uint64)
    for start in range(0, len(x), _BLOCK):
        block = hashes[start : start + _BLOCK]
        for bits in columns(x[start : start + _BLOCK]):
            block ^= bits
            block *= _MULTIPLIER
            block ^= block >> _SHIFT
    return hashes


def _numbers(rows: Array) -> Array:
    """(C, n) 64 bits of each number of the rows (n, C)."""
    columns = np.ascontiguousarray(rows.T, np.float64) + 0.0
    columns[np.isnan(columns)] = np.nan
    return columns.view(np.uint64)


def _words(rows: Array) -> Array:
    """(C/8, n) 64 bits of every eight bytes of the rows (n, C)."""
    padded = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), np.uint8)
    padded[:, : rows.shape[1]] = rows
    return np.ascontiguousarray(padded.view(np.uint64).T)


def chance_share(x: Array, hashes: Array) -> float:
    """The share of rows outside training that would agree with one in it if the columns were independent.

    Each column is drawn anew for each row, from its values in different rows; 1 for one row, or where all but one
    column hardly vary.
    """
    _, first = np.unique(hashes, return_index=True)
    if x.shape[1] == 1 or len(first) == 1:
        return 1.0
    pairs, same, varying = len(first) * (len(first) - 1), 1.0, 0
    for values in x.T:
        counts = np.unique(values[first], return_counts=True)[1]
        share = float((counts * (counts - 1.0)).sum()) / pairs
        same, varying = same * share, varying + (share < _HARDLY_VARIES)
        if same * len(x) < _NO_CHANCE and varying > 1:
            return 0.0
    if varying <= 1:
        return 1.0
    return round(float(1 - (1 - same) ** (TRAINING_SHARE * len(x))), 6)


def copy_groups(x: Array, groups: Array | None = None) -> Array | None:
    """(N,) numbers from 0 of groups of rows (N, C) that hold all copies of a row, and whole ``groups`` (N,) if given.

    None if there are no copies. Of more than 4,096 groups some share a number, and stay together, too.
    """
    hashes = row_hashes({"x": x})["x"]
    codes = np.unique(hashes, return_inverse=True)[1].astype(np.intp)
    if codes.max() + 1 == len(x):
        return None
    numbers = np.arange(len(x)) if groups is None else groups.astype(np.intp)
    while True:
        joined = _least(numbers, codes)
        joined = joined if groups is None else _least(joined, groups.astype(np.intp))
        if np.array_equal(joined, numbers):
            break
        numbers = joined
    return np.unique(numbers, return_inverse=True)[1] % _MOST_GROUPS


def _least(numbers: Array, codes: Array) -> Array:
    """(N,) the least of the numbers of the rows with the same code."""
    least = np.full(int(codes.max()) + 1, len(numbers) + int(numbers.max()))
    np.minimum.at(least, codes, numbers)
    found: Array = least[codes]
    return found


def copy_warnings(
    x: Array, chosen: Mapping[str, Array], own: Mapping[str, Array], *, curable: bool
) -> Iterator[SpecWarning]:
    """A warning for each part with more copies of rows of ``train`` than chance explains; none for few of them.

    ``chosen`` are the rows of x (N, C) in each part that is taken from it, ``own`` the rows of other parts (n, C).
    ``curable`` says that the split could keep copies of rows of x together.
    """
    hashes = row_hashes({"": x, **own})
    train = hashes[""][chosen["train"]]
    for name in ("validation", "test"):
        found = hashes[""][chosen[name]] if name in chosen else hashes[name]
        seen = int(np.isin(found, train).sum())
        if seen <= 1 or seen < REMARKABLE_SHARE * len(found):
            continue
        if seen <= TIMES_CHANCE * chance_share(x[chosen["train"]], train) * len(found):
            continue
        can = curable and name in chosen
        cure = (
            "Keep copies in one split with keep_duplicates_together."
            if can
            else "Remove them from the data set."
        )
        message = (
            f"{seen:,} of the {len(found):,} {name} rows ({seen / len(found):.1%}) have exactly the same "
            f"features as a training row, which makes them easier than new rows. {cure}"
        )
        path = ("split", "keep_duplicates_together") if can else ("split",)
        yield SpecWarning("copies_across_parts", path, message)
