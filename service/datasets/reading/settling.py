"""Settle every column of a table after reading all of it: as numbers of one format, or as strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.kernels import Array
from service.datasets.reading.amounts import NumberForm
from service.datasets.reading.columns import ColumnReader
from service.datasets.reading.forms import numeric_words
from service.datasets.reading.judging import Judgement, judge
from service.datasets.reading.limits import MOST_NUMBERED_CLASSES
from service.datasets.reading.numeric import NONE, NumericColumn
from service.datasets.reading.options import Options
from service.datasets.reading.results import DatasetWarning, Reason, shown
from service.datasets.reading.roles import Roles

__all__ = ["PLAIN", "Plans", "ReadAgain", "RowsOf", "Settling"]

Plans = Mapping[int, Judgement | None]
"""Columns as an earlier pass judged them; None leaves the column open from the first row on."""

RowsOf = Callable[[int, Sequence[float]], Iterator[tuple[int, float]]]
"""Finds the rows, from 0, in which these strings occur in a column."""

_FEW_CLASSES = 2
PLAIN = "a plain number with a decimal point, as most rows have in this column"
_OTHER_SIGN = {".": ",", ",": "."}
_IN_WORDS = {".": "point", ",": "comma"}


class ReadAgain(Exception):
    """The file has to be read once more, as ``plans`` say."""

    def __init__(self, plans: Plans) -> None:
        self.plans = plans
        super().__init__("read the file again")


class Settling:
    """The settled columns of a table.

    ``numbers`` are the values of columns that were open, by their index among those that are read. ``reasons`` and
    ``advice`` say why columns cannot be read.
    """

    def __init__(self, roles: Roles, options: Options, decimal: str | None, plans: Plans) -> None:
        self.numbers: dict[int, Array] = {}
        self.warnings: list[DatasetWarning] = []
        self.reasons: list[Reason] = []
        self.advice: list[str] = []
        self._written: dict[int, NumericColumn] = {}
        self._roles, self._options, self._plans = roles, options, plans
        self._decimal = decimal

    def run(self, readers: Sequence[ColumnReader], rows: int, rows_of: RowsOf) -> None:
        """Settle all columns of so many rows; raises ReadAgain if that takes another reading."""
        prefer = self._preferred_sign(readers)
        columns = list(zip(self._roles.read, readers, strict=True))
        judged = {
            place: self._judged(place, reader, prefer, rows)
            for place, reader in columns
            if reader.kind == "open"
        }
        if again := dict(_to_read_again(columns, judged, prefer)):
            raise ReadAgain(again)
        for index, (place, reader) in enumerate(columns):
            if place in judged:
                self._settle(index, place, reader, judged[place], rows_of)
            elif (planned := self._plans.get(place)) is not None:
                self._tell(place, planned)
            elif reader.is_in_doubt and self._decimal is None:
                self._doubt(place, reader, prefer)

    @property
    def numeric(self) -> tuple[NumericColumn, ...]:
        """The option ``numeric`` with the forms that were found."""
        found = {self._roles.numeric[place].column for place in self._written if place in self._roles.numeric}
        kept = (each for each in self._options.numeric if each.column not in found)
        return (*kept, *(self._written[place] for place in sorted(self._written)))

    def _preferred_sign(self, readers: Sequence[ColumnReader]) -> str | None:
        """The decimal sign where a column leaves it open: as asked for, as in the other columns, else beside commas."""
        signs = {reader.sign for reader in readers} - {None}
        if self._decimal is not None or len(signs) == 1:
            return self._decimal or next(iter(signs))
        return "." if self._options.delimiter == "," else None

    def _judged(self, place: int, reader: ColumnReader, prefer: str | None, rows: int) -> Judgement:
        is_target, task = place in self._roles.targets, self._options.task
        if is_target and task in {"classification", "multilabel"}:
            return Judgement(None)
        found = judge(reader.tally, reader.given, prefer, is_list=self._options.delimiter == ";")
        if not is_target or reader.given.is_number or found.form is None or reader.overflown:
            return found
        values = {found.form.value(text) for text in reader.levels or ()} - {None}
        few = len(values) <= MOST_NUMBERED_CLASSES and len(values) * 2 <= rows
        if all(value.is_integer() for value in values if value is not None) and (
            few or len(values) <= _FEW_CLASSES
        ):
            return replace(found, form=None, why="classes")
        return found

    def _settle(
        self, index: int, place: int, reader: ColumnReader, found: Judgement, rows_of: RowsOf
    ) -> None:
        name = self._roles.names[place]
        numbers = reader.settle(None if found.why in {"undecided", "parentheses"} else found.form)
        if found.why == "undecided":
            self._refuse_undecided(name, found)
        elif found.why == "parentheses":
            self.reasons.append(
                Reason(
                    None, name, f"parentheses around every number, as in {shown(found.example)}", "numbers"
                )
            )
            self.advice.append(f'If the parentheses are minus signs, use "numeric": [{shown(name)}].')
        elif numbers is None or found.form is None:
            self._tell_texts(place, reader, found)
        else:
            self.numbers[index] = numbers
            strays, expected = reader.strays(numbers), _expected(found.form)
            for row, code in rows_of(index, list(strays)) if strays else ():
                self.reasons.append(Reason(row, name, shown(strays[code]), expected))
            self._tell(place, found)

    def _refuse_undecided(self, name: str, found: Judgement) -> None:
        example = shown(found.example)
        self.reasons.append(
            Reason(
                None,
                name,
                f"numbers such as {example}, whose separator may be for decimals or thousands",
                "one of them",
            )
        )
        column = f'{{"column": {shown(name)}, "decimal": ","}}'
        self.advice.append(f'Set it with "decimal", or for this column alone with "numeric": [{column}].')

    def _tell_texts(self, place: int, reader: ColumnReader, found: Judgement) -> None:
        """Warn about a remarkable column of strings."""
        name = self._roles.names[place]
        is_told_as_feature = place in self._roles.features and numeric_words(reader.levels or ()) is not None
        if found.why == "mixed" and not is_told_as_feature and place != self._roles.order:
            self._warn(
                "mixed_column", name, "holds strings and numbers; its values are taken for categories."
            )
        elif found.why == "classes":
            message = (
                f"holds numbers such as {shown(found.example)}, which are taken for class names; to "
                'predict the numbers, set "task": "regression".'
            )
            self._warn("numbers_as_classes", name, message)

    def _tell(self, place: int, found: Judgement) -> None:
        """Warn how the numbers of a column were read, and record it for the options."""
        form, name = found.form or NumberForm(), self._roles.names[place]
        self._written[place] = NumericColumn(
            column=name, decimal=form.decimal, thousands=form.thousands or NONE, unit=form.unit or NONE
        )
        value = form.value(found.example, unit_may_lack=True)
        example = "" if value is None else f", {shown(found.example)} as {value:.15g}"
        cure = "; if its values are names, list it in categorical" * (place in self._roles.features)
        if place in self._roles.targets:
            cure = '; if its values are class names, set "task": "classification"'
        message = f"is read as numbers{example}{cure}."
        if found.why == "chosen":
            sign = _OTHER_SIGN[form.decimal]
            option = f'"numeric": [{{"column": {shown(name)}, "decimal": "{sign}"}}]'
            message += f" A decimal {_IN_WORDS[sign]} would also fit: {option} reads it so."
        self._warn("read_as_numbers", name, message)

    def _doubt(self, place: int, reader: ColumnReader, prefer: str | None) -> None:
        """Warn how plain numbers with ambiguous separators were read; a single comma is not ambiguous."""
        name, sign = self._roles.names[place], reader.decimal
        if sign == "," and prefer is None and self._options.delimiter != ";":
            self._refuse_undecided(name, Judgement(None, "undecided", "", reader.doubtful or ""))
            return
        value = NumberForm(sign).value(reader.doubtful or "")
        option = f'"numeric": [{{"column": {shown(name)}, "thousands": "{sign}"}}]'
        message = (
            f"holds numbers such as {reader.doubtful}, which are read as {value:.15g}; if the "
            f"{_IN_WORDS[sign]} separates thousands, use {option}."
        )
        self._warn("ambiguous_thousands", name, message)

    def _warn(self, code: str, name: str, message: str) -> None:
        """Add a warning, the message being what is to be said of the column."""
        self.warnings.append(
            DatasetWarning(code, "#/columns", f"Column {shown(name)} {message}", column=name)
        )


def _to_read_again(
    columns: Sequence[tuple[int, ColumnReader]], judged: Mapping[int, Judgement], prefer: str | None
) -> Iterator[tuple[int, Judgement | None]]:
    """The columns that have to be read once more, as plans."""
    for place, reader in columns:
        if reader.is_to_be_judged:
            yield place, None
        elif place in judged and reader.overflown and judged[place].form is not None:
            yield place, judged[place]
        elif reader.is_in_doubt and prefer == _OTHER_SIGN[reader.decimal]:
            form = NumberForm(_OTHER_SIGN[reader.decimal], reader.decimal)
            yield place, Judgement(form, "chosen", "", reader.doubtful or "")


def _expected(form: NumberForm) -> str:
    """Description of the common form of a column's numbers."""
    if form == NumberForm():
        return PLAIN
    parts = []
    if form.unit:
        parts.append(f"the unit {shown(form.unit)}")
    if form.decimal == ",":
        parts.append("a decimal comma")
    if form.thousands:
        parts.append(f"thousands separated by {shown(form.thousands)}")
    return f"a number with {' and '.join(parts)}, as most rows have in this column"
