"""A column of texts as numbers, chunk by chunk: what the first chunk mostly holds decides what the column is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.calls import Array
from service.datasets.parsing.limits import MAX_TEXTS
from service.datasets.parsing.results import MOST_REASONS

__all__ = ["ColumnReader"]

NAN = float("nan")


class ColumnReader:
    """Reads one column.

    ``kind`` is ``number``, ``text``, or None as long as nothing but missing values was read. ``stray``
    collects the first rows, from 0, and texts that are no numbers in a column of numbers; ``counted`` counts them.
    """

    def __init__(self, missing: frozenset[str], *, decimal: str, kind: str | None, unlimited: bool) -> None:
        self.kind = kind
        self.stray: list[tuple[int, str]] = []
        self.counted = 0
        self._missing = missing
        self._decimal = decimal
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

    def read(self, cells: Sequence[str], first_row: int) -> Array:
        """(n,) the cells as float64; NaN where they are missing."""
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
        return None if "_" in text else number

    def _decide(self, cells: Sequence[str], numbers: dict[str, float | None]) -> None:
        """Settle what the column is; it stays open where everything is missing."""
        texts = sum(1 for cell in cells if numbers[cell] is None)
        known = sum(1 for cell in cells if (number := numbers[cell]) is not None and number == number)  # noqa: PLR0124 - NaN differs from itself
        if texts or known:
            self.kind = "text" if texts > known else "number"

    def _numbers(self, cells: Sequence[str], numbers: dict[str, float | None], first_row: int) -> Array:
        if None in numbers.values():
            stray = [(first_row + row, cell) for row, cell in enumerate(cells) if numbers[cell] is None]
            self.counted += len(stray)
            self.stray += stray[: MOST_REASONS - len(self.stray)]
        known = {cell: NAN if number is None else number for cell, number in numbers.items()}
        return np.fromiter((known[cell] for cell in cells), np.float64, len(cells))

    def _texts(self, cells: Sequence[str]) -> Array:
        for cell in set(cells) - self._known.keys():
            text = cell.strip()
            if text in self._missing:
                self._known[cell] = NAN
            elif not self.overflown:
                self._known[cell] = self._codes.setdefault(text, float(len(self._codes)))
        known = self._known
        return np.fromiter((known.get(cell, NAN) for cell in cells), np.float64, len(cells))
