"""A column of texts as numbers, chunk by chunk: what the first chunk holds decides what the column is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np

from engine.calls import Array
from service.datasets.parsing.forms import is_number
from service.datasets.parsing.labels import Labels, LabelsFound, trimmed
from service.datasets.parsing.limits import MAX_TEXTS
from service.datasets.parsing.results import MOST_REASONS

__all__ = ["LARGEST_EXACT", "ColumnReader"]

NAN = float("nan")
LARGEST_EXACT = 2**53
"""From here on float64 does not hold every integer."""
_NUMBERS_TO_A_TEXT = 4
_LONGEST_INTEGER = 40


class ColumnReader:
    """Reads one column.

    ``kind`` is ``number``, ``text``, or None as long as nothing but missing values was read. ``stray``
    collects the first rows, from 0, and texts that are no numbers in a column of numbers; ``counted`` counts
    them. ``mixed`` says that a column of texts was seen to hold numbers, too. ``missing_numbers`` stand for missing.
    ``rounded`` is an integer of too many digits to be held, ``padded`` a number of the first chunk with leading zeros.
    With ``named`` the texts of the whole column are kept in ``labels``, as they may name classes.
    """

    def __init__(
        self,
        missing: frozenset[str],
        *,
        decimal: str,
        kind: str | None,
        unlimited: bool = False,
        named: bool = False,
    ) -> None:
        self.kind = kind
        self.mixed = False
        self.rounded: str | None = None
        self.padded: str | None = None
        self.labels = Labels(self._is_missing) if named else None
        self._is_settled = kind is not None
        self._is_first = True
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

    @property
    def wants_texts(self) -> bool:
        """Whether the column must come as texts, also where the file has numbers."""
        return self.kind == "text" or (self.labels is not None and self.labels.whole)

    def read(self, cells: Sequence[str] | Array, first_row: int) -> Array:
        """(n,) the cells as float64; NaN where they are missing. An array is for columns that want no texts."""
        if isinstance(cells, np.ndarray):
            if self.labels is not None:
                self.labels.let_go()
            self.kind = "number" if self.kind is None and not np.isnan(cells).all() else self.kind
            return cells
        if self.labels is not None:
            self.labels.add(cells)
        if self.kind != "text":
            numbers = self._as_numbers(cells, first_row)
            if numbers is not None:
                self._look_at(cells, numbers)
                return numbers
        return self._texts(cells)

    def settle(self) -> LabelsFound | None:
        """Decide by the whole column what it is, if its texts were kept; None if they were not."""
        found = self.labels.found() if self.labels is not None else None
        if found is None or self._is_settled:
            return found
        numbers = {text: self._number(text) for text in found.texts}
        counts = np.bincount(found.codes[found.codes >= 0], minlength=len(found.texts)).tolist()
        self._decide(dict(zip(found.texts, counts, strict=True)), numbers)
        self._codes = {text: float(code) for code, text in enumerate(found.texts)}
        is_stray = np.array([*(self.kind != "text" and numbers[text] is None for text in found.texts), False])
        rows = np.flatnonzero(is_stray[found.codes])
        self.stray = [(row, found.texts[found.codes[row]]) for row in rows[:MOST_REASONS].tolist()]
        return found

    def numbers_of(self, found: LabelsFound) -> Array:
        """(N,) the numbers that labels are; NaN where they are missing."""
        numbers = [self._number(text) for text in found.texts]
        known: Array = np.array([*(NAN if number is None else number for number in numbers), NAN])
        return known[found.codes]

    def _as_numbers(self, cells: Sequence[str], first_row: int) -> Array | None:
        """The cells as numbers; None where the column turns out to hold texts."""
        try:
            return self._plain_numbers(cells)
        except ValueError:
            numbers = {cell: self._number(cell) for cell in set(cells)}
        if self.kind is None:
            self._decide(Counter(cells), numbers)
        return None if self.kind == "text" else self._numbers(cells, numbers, first_row)

    def _look_at(self, cells: Sequence[str], numbers: Array) -> None:
        """Note numbers that lose digits, and in the first chunk those with leading zeros."""
        if self._is_first:
            self.padded = next(filter(_is_padded, map(trimmed, cells)), None)
            self._is_first = False
        if self.rounded is None:
            large = (trimmed(cells[row]) for row in np.flatnonzero(np.abs(numbers) >= LARGEST_EXACT).tolist())
            self.rounded = next(filter(_loses_digits, large), None)

    def _is_missing(self, text: str) -> bool:
        """Whether a trimmed text stands for a missing value."""
        if text in self._missing:
            return True
        return bool(self.missing_numbers) and self._number(text) is NAN

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
        text = trimmed(cell)
        if text in self._missing:
            return NAN
        try:
            number = float(text.replace(",", ".") if self._decimal == "," else text)
        except ValueError:
            return None
        if number in self.missing_numbers:
            return NAN
        return None if "_" in text else number

    def _decide(self, counts: Mapping[str, int], numbers: Mapping[str, float | None]) -> None:
        """Settle what the column is, by how often each cell comes; it stays open where everything is missing.

        Texts make it one of texts where most cells are, or where there are several of them to few different numbers, as
        in numbers of tickets: a column of measurements with a few words for what is missing has many to one word.
        """
        texts = {cell for cell, number in numbers.items() if number is None}
        known = {cell for cell, number in numbers.items() if number is not None and not isnan(number)}
        if not texts and not known:
            return
        many_texts, many_numbers = (sum(counts[cell] for cell in some) for some in (texts, known))
        several = len(texts) > 1 and len(texts) * _NUMBERS_TO_A_TEXT >= len(known)
        self.kind = "text" if several or many_texts > many_numbers else "number"
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
            text = trimmed(cell)
            if text in self._missing:
                self._known[cell] = NAN
            elif not self.overflown:
                self._known[cell] = self._codes.setdefault(text, float(len(self._codes)))
        known = self._known
        return np.fromiter((known.get(cell, NAN) for cell in cells), np.float64, len(cells))


def _is_padded(text: str) -> bool:
    """Whether a number has leading zeros, as postal codes have."""
    return text[:1] == "0" and text[1:2].isdigit()


def _loses_digits(text: str) -> bool:
    """Whether an integer is not the same number as a float64."""
    digits = text.lstrip("+-")
    return digits.isdecimal() and len(digits) <= _LONGEST_INTEGER and int(text) != int(float(text))
