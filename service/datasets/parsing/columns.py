"""A column of texts as numbers, chunk by chunk: what the first chunk holds decides what the column is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np

from engine.calls import Array
from service.datasets.parsing.forms import is_number
from service.datasets.parsing.limits import MAX_TEXTS
from service.datasets.parsing.results import MOST_REASONS

__all__ = ["ColumnReader"]

NAN = float("nan")
_NUMBERS_TO_A_TEXT = 4


class ColumnReader:
    """Reads one column.

    ``kind`` is ``number``, ``text``, or None as long as nothing but missing values was read. ``stray``
    collects the first rows, from 0, and texts that are no numbers in a column of numbers; ``counted`` counts
    them. ``mixed`` says that a column of texts was seen to hold numbers, too. ``missing_numbers`` stand for missing.
    """

    def __init__(self, missing: frozenset[str], *, decimal: str, kind: str | None, unlimited: bool) -> None:
        self.kind = kind
        self.mixed = False
        self.stray: list[tuple[int, str]] = []
        self.counted = 0
        self._missing = missing
        self._decimal = decimal
        self.missing_numbers = [
            float(text) for text in missing if is_number(text, ".") and not isnan(float(text))
        ]
        self._most = None if unlimited else MAX_TEXTS
        self._codes: dict[str, float] = {}
        self._known: dict[str, float] = {}

    @property
    def levels(self) -> list[str] | None:
        """The texts in the order of their numbers, None for numbers."""
        return list(self._codes) if self.kind == "text" else None

    @property
    def overflown(self) -> bool:
        """Whether there are more different texts than are counted."""
        return self._most is not None and len(self._codes) >= self._most

    def read(self, cells: Sequence[str] | Array, first_row: int) -> Array:
        """(n,) the cells as float64; NaN where they are missing."""
        if isinstance(cells, np.ndarray):
            if self.kind != "text":
                self.kind = "number" if self.kind is None and not np.isnan(cells).all() else self.kind
                return cells
            cells = list(map(_written, cells.tolist()))
        if self.kind != "text":
            try:
                return self._plain_numbers(cells)
            except ValueError:
                numbers = {cell: self._number(cell) for cell in set(cells)}
            if self.kind is None:
                self._decide(cells, numbers)
            if self.kind == "number" or self.kind is None:
                return self._numbers(cells, numbers, first_row)
        return self._texts(cells)

    def _plain_numbers(self, cells: Sequence[str]) -> Array:
        """All cells as numbers; raises ValueError where one is not."""
        if self._decimal == ",":
            cells = [cell.replace(",", ".") for cell in cells]
        numbers = np.fromiter(map(float, cells), np.float64, len(cells))
        if self.missing_numbers:
            numbers[np.isin(numbers, self.missing_numbers)] = NAN
        if any("_" in cell for cell in cells):
            raise ValueError("a number has no underscores")
        if self.kind is None and not np.isnan(numbers).all():
            self.kind = "number"
        return numbers

    def _number(self, cell: str) -> float | None:
        """A cell as a number, NaN where it is missing, None where it is something else."""
        text = cell.strip()
        if text in self._missing:
            return NAN
        try:
            number = float(text.replace(",", ".") if self._decimal == "," else text)
        except ValueError:
            return None
        if number in self.missing_numbers:
            return NAN
        return None if "_" in text else number

    def _decide(self, cells: Sequence[str], numbers: dict[str, float | None]) -> None:
        """Settle what the column is; it stays open where everything is missing.

        Texts make it one of texts where most cells are, or where there are several of them to few different numbers, as
        in numbers of tickets: a column of measurements with a few words for what is missing has many to one word.
        """
        texts = {cell for cell, number in numbers.items() if number is None}
        known = {cell for cell, number in numbers.items() if number is not None and not isnan(number)}
        if not texts and not known:
            return
        several = len(texts) > 1 and len(texts) * _NUMBERS_TO_A_TEXT >= len(known)
        most = sum(1 for cell in cells if cell in texts) > sum(1 for cell in cells if cell in known)
        self.kind = "text" if several or most else "number"
        self.mixed = self.kind == "text" and bool(known)

    def _numbers(self, cells: Sequence[str], numbers: dict[str, float | None], first_row: int) -> Array:
        if None in numbers.values():
            stray = [(first_row + row, cell) for row, cell in enumerate(cells) if numbers[cell] is None]
            self.counted += len(stray)
            self.stray += stray[: MOST_REASONS - len(self.stray)]
        known = {cell: NAN if number is None else number for cell, number in numbers.items()}
        return np.fromiter((known[cell] for cell in cells), np.float64, len(cells))

    def _texts(self, cells: Sequence[str]) -> Array:
        # In the order of the file: that of a set differs from process to process, and with it the numbers of groups.
        for cell in dict.fromkeys(cells):
            if cell in self._known:
                continue
            text = cell.strip()
            if text in self._missing:
                self._known[cell] = NAN
            elif not self.overflown:
                self._known[cell] = self._codes.setdefault(text, float(len(self._codes)))
        known = self._known
        return np.fromiter((known.get(cell, NAN) for cell in cells), np.float64, len(cells))


def _written(number: float) -> str:
    """A number as a text file would have it."""
    if isnan(number):
        return ""
    return str(int(number)) if number.is_integer() else str(number)
