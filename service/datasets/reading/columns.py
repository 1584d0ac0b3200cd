"""Convert a column of strings to numbers by chunks: plain ones at once, others after the whole column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import isnan

import numpy as np

from engine.kernels import Array
from service.datasets.reading.amounts import FormReader, NumberForm, take_apart
from service.datasets.reading.forms import is_number
from service.datasets.reading.judging import GivenForm, Tally, judge
from service.datasets.reading.label_texts import Labels, LabelsFound, trimmed
from service.datasets.reading.limits import MAX_TEXTS
from service.datasets.reading.results import MOST_REASONS

__all__ = ["LARGEST_EXACT", "ColumnReader", "TypedNumber"]

NAN = float("nan")
LARGEST_EXACT = 2**53
"""Smallest integer from which float64 no longer represents every integer."""
_LONGEST_INTEGER = 40
_GROUPED = {sign: re.compile(rf"[-+]?[1-9]\d{{0,2}}{re.escape(sign)}\d{{3}}") for sign in ".,"}
_LEAST_GROUPED, _MOST_GROUPED, _OF_A_GROUP = 1.0, 1000.0, 1000.0
_ROUNDING = 1e-6


class TypedNumber(str):
    """The text of what is a number in the file, as in JSON: a point in it never separates thousands."""

    __slots__ = ()


class ColumnReader:
    """Reads one column.

    ``kind`` is None as long as nothing but missing values was read, then ``number`` for plain numbers, ``form`` for
    numbers of a given form, ``text``, or ``open`` for texts that are judged when all are known. ``stray`` collects the
    first rows, from 0, and texts that are no numbers in a column of numbers; ``has_late_amounts`` says that some are
    numbers of another form. ``missing_numbers`` stand for missing. ``rounded`` is an integer of too many digits to be
    held, ``padded`` a number of the first chunk with leading zeros. ``labels`` keep the texts of the whole column where
    they may name classes.
    """

    def __init__(
        self,
        missing: frozenset[str],
        *,
        decimal: str,
        kind: str | None,
        unlimited: bool = False,
        named: bool = False,
        given: GivenForm | None = None,
    ) -> None:
        self.kind = kind
        self.given = given or GivenForm()
        self.rounded: str | None = None
        self.padded: str | None = None
        self.labels = Labels(self._is_missing) if named else None
        self._is_first = True
        self.decimal = decimal
        self._form: FormReader | None = None
        self.stray: list[tuple[int, str]] = []
        self.has_late_amounts = False
        self.doubtful: str | None = None
        self.is_sure = False
        self._missing = missing
        self.missing_numbers = [
            float(text) for text in missing if is_number(text, ".") and not isnan(float(text))
        ]
        self._most = None if unlimited else MAX_TEXTS
        self._codes: dict[str, float] = {}
        self._known: dict[str, float] = {}
        self._counts = np.zeros(0, np.int64)
        self._tally: Tally | None = None

    @property
    def levels(self) -> list[str] | None:
        """The texts in the order of their numbers, None for numbers."""
        return list(self._codes) if self.kind in {"text", "open"} else None

    @property
    def overflown(self) -> bool:
        """Whether there are more different texts than are kept."""
        return self._most is not None and len(self._codes) >= self._most

    @property
    def sign(self) -> str | None:
        """The decimal sign of the column, where its values leave no doubt about it."""
        if self.kind == "open":
            return self.tally.sign
        return self.decimal if self.is_sure else None

    @property
    def is_in_doubt(self) -> bool:
        """Whether every decimal sign of plain numbers may separate thousands instead."""
        return self.kind == "number" and self.doubtful is not None and not self.is_sure

    @property
    def wants_texts(self) -> bool:
        """Whether the column must come as texts, also where the file has numbers."""
        return self.kind == "text" or (self.labels is not None and self.labels.whole)

    @property
    def is_to_be_judged(self) -> bool:
        """Whether texts have come after plain numbers that may make the column another one."""
        may_be_texts = self.labels is not None and self.labels.whole and bool(self.stray)
        return self.kind == "number" and (self.has_late_amounts or may_be_texts)

    def read(self, cells: Sequence[str] | Array, first_row: int) -> Array:
        """(n,) the cells as float64; NaN if they are missing, numbers of texts where they may be texts.

        An array is for columns that want no texts.
        """
        if isinstance(cells, np.ndarray):
            if self.labels is not None:
                self.labels.let_go()
            self.kind = "number" if self.kind is None and not np.isnan(cells).all() else self.kind
            self.is_sure = True
            return cells
        if self.labels is not None:
            self.labels.add(cells)
        if self.kind in {None, "number"}:
            numbers = self._as_numbers(cells, first_row)
            if numbers is not None:
                self._look_at(cells, numbers)
                return numbers
        if self.kind == "form":
            return self._numbers(cells, {cell: self._formed(cell) for cell in set(cells)}, first_row)
        return self._texts(cells)

    def found_labels(self) -> tuple[LabelsFound | None, Array | None]:
        """The texts of the column and the numbers (N,) that they are, None for texts; twice None where none were kept.

        Amounts name no classes, and have no labels.
        """
        found = self.labels.found() if self.labels is not None and self.kind != "form" else None
        if found is None or self.kind == "text":
            return found, None
        numbers = [self._number(text) for text in found.texts]
        known: Array = np.array([*(NAN if number is None else number for number in numbers), NAN])
        return found, known[found.codes]

    def _as_numbers(self, cells: Sequence[str], first_row: int) -> Array | None:
        """The cells as plain numbers; None if the column turns out to be open."""
        numbers = self._plain_numbers(cells)
        if numbers is not None:
            return numbers
        known = {cell: self._number(cell) for cell in set(cells)}
        if self.kind == "number" or None not in known.values():
            return self._numbers(cells, known, first_row)
        self.kind = "open"
        return None

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

    def note_separators(self, cells: Sequence[str], numbers: Array) -> None:
        """Look whether every decimal sign of plain numbers stands where one may separate thousands, as in 1.050."""
        if self.is_sure:
            return
        parts = np.abs(numbers[np.rint(numbers) != numbers])
        scaled = parts[np.isfinite(parts)] * _OF_A_GROUP
        outside = (parts < _LEAST_GROUPED) | (parts >= _MOST_GROUPED)
        if outside.any() or (np.abs(scaled - np.rint(scaled)) > _ROUNDING * scaled).any():
            self.is_sure = True
            return
        signed = [cell for cell in cells if self.decimal in cell]
        if any(
            type(cell) is TypedNumber or not _GROUPED[self.decimal].fullmatch(trimmed(cell))
            for cell in signed
        ):
            self.is_sure = True
        elif signed and self.doubtful is None:
            self.doubtful = trimmed(signed[0])

    def _plain_numbers(self, cells: Sequence[str]) -> Array | None:
        """All cells as plain numbers, None if one is something else."""
        text = "".join(cells)
        if "_" in text or (self.decimal == "," and "." in text):
            return None
        try:
            written = [cell.replace(",", ".") for cell in cells] if self.decimal == "," else cells
            numbers = np.fromiter(map(float, written), np.float64, len(cells))
        except ValueError:
            return None
        if self.decimal in text:
            self.note_separators(cells, numbers)
        if self.missing_numbers:
            numbers[np.isin(numbers, self.missing_numbers)] = NAN
        if self.kind is None and not np.isnan(numbers).all():
            self.kind = "number"
        return numbers

    def _number(self, cell: str) -> float | None:
        """A cell as a plain number, NaN if it is missing, None if it is something else."""
        text = trimmed(cell)
        if text in self._missing:
            return NAN
        if not is_number(text, self.decimal) or (self.decimal == "," and "." in text):
            return None
        return self._unless_missing(float(text.replace(",", ".") if self.decimal == "," else text))

    def _formed(self, cell: str) -> float | None:
        """The same of a number in the column's form."""
        text = trimmed(cell)
        if text in self._missing or self._form is None:
            return NAN
        number = self._form.value(text)
        return None if number is None else self._unless_missing(number)

    def _unless_missing(self, number: float) -> float:
        return NAN if number in self.missing_numbers else number

    def _numbers(self, cells: Sequence[str], numbers: dict[str, float | None], first_row: int) -> Array:
        if None in numbers.values():
            stray = [(first_row + row, cell) for row, cell in enumerate(cells) if numbers[cell] is None]
            self.stray += stray[: MOST_REASONS - len(self.stray)]
            self.has_late_amounts |= any(
                number is None and take_apart(cell) is not None for cell, number in numbers.items()
            )
        known = {cell: NAN if number is None else number for cell, number in numbers.items()}
        found = np.fromiter((known[cell] for cell in cells), np.float64, len(cells))
        if self.kind is None and not np.isnan(found).all():
            self.kind = "number"
        if self.kind == "number":
            plain = {cell: number for cell, number in known.items() if not isnan(number)}
            self.note_separators(list(plain), np.fromiter(plain.values(), np.float64, len(plain)))
        return found

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
        codes = np.fromiter((known.get(cell, NAN) for cell in cells), np.float64, len(cells))
        if self.kind == "open":
            self._count(cells, codes)
        return codes

    def _count(self, cells: Sequence[str], codes: Array) -> None:
        """Count the texts of an open column; once there are too many to keep, by what they may be alone."""
        if self._tally is None:
            counts = np.bincount(codes[~np.isnan(codes)].astype(np.intp), minlength=len(self._codes))
            counts[: len(self._counts)] += self._counts
            self._counts = counts
            if not self.overflown:
                return
            cells = [cell for cell, code in zip(cells, codes.tolist(), strict=True) if isnan(code)]
            if judge(self.tally, self.given, ".").form is None:
                self.kind = "text"
                return
        counted = Counter(map(trimmed, cells)).items()
        self.tally.add((text, rows) for text, rows in counted if text not in self._missing)

    @property
    def tally(self) -> Tally:
        """The texts of an open column, of which no more come than are counted, by what they may be."""
        if self._tally is None:
            self._tally = Tally()
            self._tally.add(zip(self._codes, self._counts.tolist(), strict=True))
        return self._tally

    def read_in(self, form: NumberForm) -> None:
        """Read all that comes as numbers of this form."""
        self._form, self.kind = FormReader(form, unit_may_lack=self.given.unit is not None), "form"

    def settle(self, form: NumberForm | None) -> Array | None:
        """End an open column as one of numbers in this form, or of texts; (levels,) the numbers, NaN for none."""
        if form is None:
            self.kind = "text"
            return None
        self.read_in(form)
        values = [self._formed(text) for text in self._codes]
        return np.array([NAN if value is None else value for value in values])

    def strays(self, numbers: Array) -> dict[float, str]:
        """The texts that are no numbers in the form of the column, by their numbers; as ``settle`` gave ``numbers``."""
        unread = np.isnan(numbers).tolist()
        return {
            code: text
            for text, code in self._codes.items()
            if unread[int(code)] and self._formed(text) is None
        }


def _is_padded(text: str) -> bool:
    """Whether a number has leading zeros, as postal codes have."""
    return text[:1] == "0" and text[1:2].isdigit()


def _loses_digits(text: str) -> bool:
    """Whether an integer is not the same number as a float64."""
    digits = text.lstrip("+-")
    return digits.isdecimal() and len(digits) <= _LONGEST_INTEGER and int(text) != int(float(text))
