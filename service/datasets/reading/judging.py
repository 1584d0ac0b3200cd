"""Judge the type of a column from all of its strings: numbers of one format, or strings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from service.datasets.reading.amounts import (
    FORMS,
    Amount,
    NumberForm,
    is_known_unit,
    is_same_unit,
    shape_of,
    take_apart,
)

__all__ = ["GivenForm", "Judgement", "Tally", "judge"]

Form = tuple[str, str]
Why = Literal["", "mixed", "units", "name", "chosen", "undecided", "parentheses", "classes"]
_NUMBERS_TO_A_TEXT = 4
_MOST_UNITS = 50


@dataclass(frozen=True, slots=True)
class GivenForm:
    """The form of a column's numbers given by the options; None is inferred, an empty string is none.

    ``is_number`` says that it holds numbers, whatever it looks like.
    """

    decimal: str | None = None
    thousands: str | None = None
    unit: str | None = None
    is_number: bool = False

    def allows(self, form: Form) -> bool:
        """Whether numbers may have this decimal sign and separator of thousands."""
        return self.decimal in {None, form[0]} and self.thousands in {None, form[1]}


@dataclass(slots=True)
class _Unit:
    """The texts of one unit: how many there are, in how many rows, and which forms fit how many of these rows."""

    name: str = ""
    example: str = "0"
    is_doubtful: bool = False
    texts: int = 0
    rows: int = 0
    rows_in_parentheses: int = 0
    has_separators: bool = False
    fits: dict[frozenset[Form], int] = field(default_factory=dict)

    def add(self, amount: Amount, forms: frozenset[Form], count: int, rows: int) -> None:
        self.texts += count
        self.rows += rows
        self.rows_in_parentheses += rows * amount.in_parentheses
        self.is_doubtful |= amount.is_doubtful
        self.has_separators |= "." in amount.digits or "," in amount.digits
        self.fits[forms] = self.fits.get(forms, 0) + rows

    def best(self, given: GivenForm) -> dict[str, Form]:
        """The plainest form of each decimal sign, of those that fit the most rows."""
        fitting = {
            form: sum(rows for forms, rows in self.fits.items() if form in forms)
            for form in FORMS
            if given.allows(form)
        }
        most = max(fitting.values(), default=0)
        found: dict[str, Form] = {}
        for form, rows in fitting.items():
            if rows == most:
                found.setdefault(form[0], form)
        return found


@dataclass(frozen=True, slots=True)
class Judgement:
    """``form`` of a column of numbers, None for texts; ``unit`` and ``example`` are what most rows have.

    ``why`` says what is remarkable: ``mixed`` (texts and numbers), ``units`` (several of them), ``name`` (the unit may
    be part of a name), ``chosen`` (both decimal signs fit, and one was chosen), ``undecided`` (both fit, and nothing
    says which), ``parentheses`` (around every number), ``classes`` (numbers that name a few classes).
    """

    form: NumberForm | None
    why: Why = ""
    unit: str = ""
    example: str = ""


class Tally:
    """Counts the different texts of a column by what they may be."""

    def __init__(self) -> None:
        self.words = self.word_rows = self.zeros = self.zero_rows = 0
        self._units: dict[str, _Unit] = {}

    def add(self, texts: Iterable[tuple[str, int]]) -> None:
        """Count texts, none of them missing, with the rows in which each stands."""
        shapes: dict[str, list[Any]] = {}
        for text, rows in texts:
            counted = shapes.setdefault(shape_of(text), [text, 0, 0])
            counted[1] += 1
            counted[2] += rows
        for text, count, rows in shapes.values():
            self._add(text, count, rows)

    def _add(self, text: str, count: int, rows: int) -> None:
        amount = take_apart(text)
        forms = frozenset[Form]() if amount is None else amount.forms
        unit = None if amount is None or not forms else self._unit(amount.unit, text)
        if amount is None or unit is None:
            self.words += count
            self.word_rows += rows
        elif amount.is_nothing and not amount.unit:
            self.zeros += count
            self.zero_rows += rows
        else:
            if unit.example.isdecimal():
                # A value that shows the number format is the better example.
                unit.example = text
            unit.add(amount, forms, count, rows)

    def _unit(self, name: str, text: str) -> _Unit | None:
        """The count of a unit, None if there are too many units for them to be any."""
        if name not in self._units:
            if len(self._units) >= _MOST_UNITS:
                return None
            same = (other for other in self._units.values() if is_same_unit(name, other.name))
            self._units[name] = next(same, None) or _Unit(name, text)
        return self._units[name]

    @property
    def units(self) -> list[_Unit]:
        """The units, that of most rows first; the empty one counts numbers without."""
        different = {id(unit): unit for unit in self._units.values() if unit.rows}
        return sorted(different.values(), key=lambda unit: -unit.rows)

    @property
    def sign(self) -> str | None:
        """The decimal sign, where the numbers leave no doubt about it."""
        main = next(iter(self.units), _Unit())
        best = main.best(GivenForm())
        return next(iter(best)) if len(best) == 1 and main.has_separators else None


def judge(tally: Tally, given: GivenForm, prefer: str | None, *, is_list: bool = False) -> Judgement:
    """Judge a column; ``prefer`` decides if both decimal separators fit.

    Beside semicolons (``is_list``) a comma is a decimal one: that is why they were taken.
    """
    units = tally.units
    main = units[0] if units else _Unit()
    why = None if given.is_number else _why_texts(tally, main, units[1:])
    if why is not None:
        return Judgement(None, why, main.name, main.example)
    best = main.best(given)
    if prefer is None and is_list and best.get(",") == (",", ""):
        prefer = ","
    decimal = prefer if prefer in best else next(iter(best), given.decimal or ".")
    sign, thousands = best.get(decimal, (decimal, given.thousands or ""))
    form = NumberForm(sign, thousands, main.name if given.unit is None else given.unit)
    if main.rows and main.rows_in_parentheses == main.rows and not given.is_number:
        why = "parentheses"
    elif len(best) > 1 and main.has_separators:
        why = "chosen" if prefer else "undecided"
    example = next((unit.example for unit in units if unit.name == form.unit), main.example)
    return Judgement(form, why or "", main.name, example)


def _why_texts(tally: Tally, main: _Unit, others: list[_Unit]) -> Why | None:
    """The reason why a column holds strings, None for one of numbers.

    It holds texts where most cells are, or where there are several of them to few different numbers, as in numbers of
    tickets: a column of measurements with a few words for what is missing has many to one word. Numbers of a second
    unit that is none, as in 12 Main Street, are words.
    """
    wordy = [unit for unit in others if unit.name and not is_known_unit(unit.name)]
    numeric = [main, *(unit for unit in others if unit not in wordy)]
    words = tally.words + sum(unit.texts for unit in wordy)
    word_rows = tally.word_rows + sum(unit.rows for unit in wordy)
    numbers = tally.zeros + sum(unit.texts for unit in numeric)
    number_rows = tally.zero_rows + sum(unit.rows for unit in numeric)
    if words and ((words > 1 and words * _NUMBERS_TO_A_TEXT >= numbers) or word_rows > number_rows):
        if not tally.words:
            return "units"
        return "mixed" if numbers else ""
    return "name" if main.is_doubtful else None
