"""Names of classes, categories and groups: trimmed, otherwise as in the file."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import numpy as np

from engine.kernels import Array
from service.datasets.reading.forms import is_number
from service.datasets.reading.limits import MAX_TEXTS
from service.datasets.reading.results import DatasetWarning, shown

__all__ = [
    "Labels",
    "LabelsFound",
    "exact_number",
    "json_number",
    "look_alikes",
    "number_text",
    "sorted_places",
    "trimmed",
]

_INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"
_TRIMMED = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _INVISIBLE
_MOST_SHOWN = 5
_NO_SPACES = str.maketrans("", "", " _-")
_MISSING_WORDS = {"nan", "na", "n/a", "null", "#n/a"}
# Between these JavaScript writes a number without an exponent.
_SMALLEST, _LARGEST = -7, 21


def trimmed(text: str) -> str:
    """The text without white space and invisible characters at its ends: no-break spaces, zero-width spaces, marks."""
    return text.strip(_TRIMMED)


def exact_number(text: str, decimal: str = ".") -> Decimal | None:
    """The number that a text is, to its last digit; None for other texts, and for NaN."""
    if not is_number(text, decimal):
        return None
    try:
        number = Decimal(text.replace(",", ".") if decimal == "," else text)
    except InvalidOperation:
        return None
    return None if number.is_nan() else number


def json_number(text: str) -> str:
    """The one text of a JSON number that is no integer: ``1.0``, ``1.00`` and ``1e0`` are ``1``."""
    if text[-1] != "0" and "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text).normalize(Context(prec=len(text)))
    except InvalidOperation:
        return text
    if not number:
        return "0"
    return f"{number:f}" if _SMALLEST <= number.adjusted() < _LARGEST else str(number).lower()


def number_text(value: Any) -> str:
    """The one text of a number of an array: the shortest that reads as the same number; integers without a point."""
    if not isinstance(value, np.floating):
        return str(int(value))
    if not value or not np.isfinite(value):
        return "0" if not value else str(value)
    if 10.0**_SMALLEST <= abs(float(value)) < 10.0**_LARGEST:
        return np.format_float_positional(value, trim="-")
    return np.format_float_scientific(value, trim="-", exp_digits=1)


def sorted_places(texts: Sequence[str], decimal: str = ".") -> list[int]:
    """The places of the texts in order: of their numbers where all are numbers, else of their characters."""
    numbers = [exact_number(text, decimal) for text in texts]
    if None in numbers:
        return sorted(range(len(texts)), key=lambda place: texts[place])
    return sorted(range(len(texts)), key=lambda place: (numbers[place], texts[place]))


def look_alikes(
    texts: Sequence[str], what: str, pointer: str, decimal: str = "."
) -> Iterator[DatasetWarning]:
    """Warnings about texts that may be meant as one; ``what`` names them, as in ``Classes``."""
    equal = _groups(texts, lambda text: exact_number(text, decimal))
    if equal:
        message = (
            f"{what} {_listed(equal)} are equal as numbers but kept apart, because their strings differ."
        )
        yield DatasetWarning("equal_labels", pointer, message)
    numbers = {text for group in equal for text in group}
    same = [group for group in _groups(texts, _look) if not numbers.issuperset(group)]
    if same:
        message = (
            f"{what} {_listed(same)} look the same but are kept apart: their spaces, invisible characters "
            "or Unicode forms differ."
        )
        yield DatasetWarning("similar_labels", pointer, message)
    spelled = [
        group
        for group in _groups(texts, _spelling)
        if len(set(map(_look, group))) > 1 and not numbers.issuperset(group)
    ]
    if spelled:
        message = (
            f"{what} {_listed(spelled)} differ only in case or spaces and are kept apart; spell them the "
            "same."
        )
        yield DatasetWarning("similar_labels", pointer, message)
    missing = [text for text in texts if text.casefold() in _MISSING_WORDS]
    if missing:
        message = f'{what} {_listed([missing])} may stand for missing values; if so, add them to "missing".'
        yield DatasetWarning("missing_labels", pointer, message)


def _groups(texts: Sequence[str], key: Callable[[str], Hashable | None]) -> list[list[str]]:
    """The texts with the same key, in groups of at least two."""
    found: dict[Hashable, list[str]] = {}
    for text in texts:
        if (which := key(text)) is not None:
            found.setdefault(which, []).append(text)
    return [sorted(group) for group in found.values() if len(group) > 1]


def _look(text: str) -> str:
    """The look of a string: without invisible characters, with plain spaces, in one Unicode form."""
    if text.isascii():
        return " ".join(text.split())
    seen = "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) != "Cf")
    return " ".join(seen.split())


def _spelling(text: str) -> str:
    """The spelling of a string: without case and, in words without digits, without spaces and similar marks."""
    plain = _look(text).casefold()
    return plain if any(map(str.isdecimal, plain)) else plain.translate(_NO_SPACES) or plain


def _listed(groups: Sequence[Sequence[str]]) -> str:
    """The groups in words, the first few of them."""
    words = [" and ".join(shown(text) for text in group[:_MOST_SHOWN]) for group in groups[:_MOST_SHOWN]]
    more = len(groups) - len(words)
    return "; ".join(words) + (f"; and {more} more" if more else "")


@dataclass(frozen=True, slots=True)
class LabelsFound:
    """``codes`` (N,) number the ``texts`` of the rows; −1 stands for a missing one."""

    codes: Array
    texts: tuple[str, ...]


class Labels:
    """The texts of a column that may name classes, gathered chunk by chunk beside what they are as numbers."""

    def __init__(self, is_missing: Callable[[str], bool]) -> None:
        self.whole = True
        self._is_missing = is_missing
        self._codes: dict[str, int] = {}
        self._known: dict[str, int] = {}
        self._parts: list[Array] = []

    def add(self, cells: Sequence[str]) -> None:
        """Take the cells that follow; with too many different ones none of them is a class, and all are let go."""
        if not self.whole:
            return
        known = self._known
        for cell in dict.fromkeys(cells):
            if cell not in known:
                text = trimmed(cell)
                known[cell] = -1 if self._is_missing(text) else self._codes.setdefault(text, len(self._codes))
        if len(self._codes) > MAX_TEXTS:
            self.let_go()
        else:
            self._parts.append(np.fromiter((known[cell] for cell in cells), np.int32, len(cells)))

    def let_go(self) -> None:
        """Forget everything, and take nothing any more."""
        self.whole = False
        self._codes, self._known, self._parts = {}, {}, []

    def found(self) -> LabelsFound | None:
        """The values gathered; None if there were too many."""
        if not self.whole:
            return None
        codes = np.concatenate(self._parts) if self._parts else np.empty(0, np.int32)
        return LabelsFound(codes, tuple(self._codes))
