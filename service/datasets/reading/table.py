"""A table as numbers: the common form of every format with rows and columns."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.kernels import Array
from service.datasets.reading.label_texts import LabelsFound
from service.datasets.reading.options import Options
from service.datasets.reading.results import DatasetWarning
from service.datasets.reading.roles import Roles

__all__ = ["Lines", "OddNumbers", "Table", "joined", "narrowed"]

_NARROW = (np.uint8, np.int16, np.int32)
_BLOCK = 4_096


class Lines:
    """Line number of each row in the file, stored as ranges of consecutive lines."""

    def __init__(self) -> None:
        self._parts: list[range | Array] = []

    def extend(self, lines: range | Array) -> None:
        """Add the lines of the rows that follow."""
        self._parts.append(lines)

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def kept(self, rows: Array) -> Lines:
        """The lines of those rows (N,) that are marked."""
        kept = Lines()
        kept.extend(np.concatenate([np.asarray(part) for part in self._parts])[rows])
        return kept

    def of(self, row: int) -> int:
        """The line of a row from 0."""
        for part in self._parts:
            if row < len(part):
                return int(part[row])
            row -= len(part)
        raise IndexError(row)


@dataclass(frozen=True, slots=True)
class OddNumbers:
    """Numbers in a column that suggest names: an integer that loses digits, a number with leading zeros."""

    rounded: str | None = None
    padded: str | None = None


@dataclass(kw_only=True)
class Table:
    """``values`` (N, columns read) hold numbers, NaN if one is missing, and numbers of texts.

    ``levels`` has, for each column that holds texts, those texts in the order of their numbers, else None. ``lines``
    are those of the rows in the file. ``options`` are resolved as far as the reader can. ``labels`` are the texts of
    the only target, where its task is still open, and ``label_numbers`` the numbers that they are.
    """

    values: Array
    levels: list[list[str] | None]
    roles: Roles
    options: Options
    lines: Lines
    classes: tuple[str, ...] | None = None
    labels: LabelsFound | None = None
    label_numbers: Array | None = None
    odd_numbers: dict[int, OddNumbers] = field(default_factory=dict)
    warnings: list[DatasetWarning] = field(default_factory=list)

    @functools.cached_property
    def places(self) -> dict[int, int]:
        """Position of a column of the file in ``values``."""
        return {place: index for index, place in enumerate(self.roles.read)}

    def kept(self, rows: Array) -> Table:
        """The table of those rows (N,) that are marked, without the texts that only others have."""
        labels, numbers = self.labels, self.label_numbers
        values, levels = self.values[rows], list(self.levels)
        for column, (codes, texts) in enumerate(zip(values.T, levels, strict=True)):
            if texts is not None:
                known = ~np.isnan(codes)
                used, codes[known] = np.unique(codes[known], return_inverse=True)
                levels[column] = [texts[int(code)] for code in used]
        return replace(
            self,
            values=values,
            levels=levels,
            lines=self.lines.kept(rows),
            labels=None if labels is None else replace(labels, codes=labels.codes[rows]),
            label_numbers=None if numbers is None else numbers[rows],
        )

    def column(self, place: int) -> tuple[Array, list[str] | None]:
        """(N,) view of a column of the file, and its texts."""
        index = self.places[place]
        return self.values[:, index], self.levels[index]


def narrowed(values: Array) -> Array:
    """Values (n, C) of float64 in the smallest type that holds the same numbers: bytes stay bytes."""
    if values.dtype != np.float64 or not values.size:
        return values
    low, high = np.inf, -np.inf
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        if not (np.rint(block) == block).all():
            return values
        low, high = min(low, block.min()), max(high, block.max())
    for dtype in _NARROW:
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return values.astype(dtype)
    return values


def joined(blocks: list[Array], columns: int) -> Array:
    """(N, C) rows of all blocks, which are taken from the list so that little is held twice."""
    dtype: np.dtype[Any] = np.result_type(*blocks) if blocks else np.dtype(np.float64)
    values = np.empty((sum(map(len, blocks)), columns), dtype)
    end = len(values)
    while blocks:
        block = blocks.pop()
        values[end - len(block) : end] = block
        end -= len(block)
    return values
