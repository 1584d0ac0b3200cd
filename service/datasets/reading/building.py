"""Build a table from rows of strings, one chunk at a time; errors are collected and reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from engine.kernels import Array
from service.datasets.reading.amounts import NumberForm, take_apart
from service.datasets.reading.columns import LARGEST_EXACT, ColumnReader
from service.datasets.reading.judging import GivenForm
from service.datasets.reading.label_texts import LabelsFound
from service.datasets.reading.limits import MAX_TEXTS, MAX_VALUES
from service.datasets.reading.numeric import NONE, NumericColumn
from service.datasets.reading.option_rules import LONGEST_NAME, is_plain
from service.datasets.reading.options import DEFAULT_MISSING, Options
from service.datasets.reading.results import MOST_REASONS, DatasetWarning, Reason, Refused, refuse, shown
from service.datasets.reading.roles import Roles
from service.datasets.reading.settling import PLAIN, Plans, ReadAgain, Settling
from service.datasets.reading.table import Lines, OddNumbers, Table, joined, narrowed

__all__ = ["TableBuilder", "read_whole"]


_RAGGED_ADVICE = "Give every row the same number of fields, and quote fields that contain the delimiter."


_MOST_MARKERS = 3
_NAMES_ADVICE = 'list the column in "categorical" if its values are names, or in "ignore" to leave it out.'


def read_whole(read: Callable[[Plans], Table]) -> Table:
    """The table that ``read`` gives; the file is read once more where later rows make earlier ones another thing."""
    plans: Plans = {}
    while True:
        try:
            return read(plans)
        except ReadAgain as again:
            plans = {**plans, **again.plans}


class TableBuilder:
    """Takes rows of as many texts as there are columns."""

    def __init__(self, roles: Roles, options: Options, given: Options, plans: Plans) -> None:
        self._roles = roles
        self._options = options
        self._readers = [_reader(place, roles, options, plans) for place in roles.read]
        self._settling = Settling(roles, options, given.decimal, plans)
        self._blocks: list[Array] = []
        self._lines = Lines()
        self._rows = 0
        self._ragged: list[Reason] = []

    def add(self, rows: list[list[str]], lines: range | Array) -> None:
        """Take the rows that follow; raises Refused once it makes no sense to go on."""
        width = len(self._roles.names)
        if set(map(len, rows)) != {width}:
            rows, lines = self._without_ragged(rows, lines, width)
        if not rows:
            return
        numbers = self._all_numbers(rows)
        if numbers is not None:
            for index, reader in enumerate(self._readers):
                if reader.labels is not None and reader.labels.whole:
                    reader.labels.add([row[index] for row in rows])
            self._append(numbers, lines)
            return
        columns = list(zip(*rows, strict=True))
        self.add_columns([columns[place] for place in self._roles.read], lines)

    def add_columns(self, columns: Sequence[Array | Sequence[str]], lines: range | Array) -> None:
        """Take the rows that follow as the columns that are read: numbers (n,), NaN where missing, or n texts."""
        block = np.empty((len(lines), len(self._readers)))
        for index, (reader, cells) in enumerate(zip(self._readers, columns, strict=True)):
            block[:, index] = reader.read(cells, self._rows)
        self._append(block, lines)

    def wants_texts(self, place: int) -> bool:
        """Whether a column that is read must come as texts, also where the file has numbers."""
        return self._readers[self._roles.read.index(place)].wants_texts

    def finish(self, classes: tuple[str, ...] | None, warnings: list[DatasetWarning]) -> Table:
        """The table; raises Refused with everything that does not fit, and ReadAgain."""
        settled = self._settling
        settled.run(self._readers, self._rows, self._rows_of)
        strays = list(chain.from_iterable(map(self._stray, self._roles.read, self._readers)))
        strays += [replace(reason, row=self._line(reason.row)) for reason in settled.reasons]
        advice = [*[_RAGGED_ADVICE] * bool(self._ragged), *settled.advice]
        if len(strays) > len(settled.advice):
            advice.append(self._advice(strays))
        if advice:
            raise Refused([*self._ragged, *_in_turn(strays)], " ".join(advice))
        labels, numbers = self._labels()
        self._blocks = [self._with_numbers(block) for block in self._blocks]
        return Table(
            values=joined(self._blocks, len(self._readers)),
            levels=[reader.levels for reader in self._readers],
            roles=self._roles,
            options=replace(self._options, numeric=settled.numeric),
            lines=self._lines,
            classes=classes,
            labels=labels,
            label_numbers=numbers,
            odd_numbers=self._odd_numbers(),
            warnings=[*warnings, *settled.warnings],
        )

    def _labels(self) -> tuple[LabelsFound | None, Array | None]:
        """The texts of the target, where they were kept, and the numbers that they are, where it holds numbers."""
        found = (reader.found_labels() for reader in self._readers)
        return next((each for each in found if each[0] is not None), (None, None))

    def _odd_numbers(self) -> dict[int, OddNumbers]:
        readers = zip(self._roles.read, self._readers, strict=True)
        return {place: OddNumbers(reader.rounded, reader.padded) for place, reader in readers}

    def _line(self, row: int | None) -> int | None:
        return None if row is None else self._lines.of(row)

    def _rows_of(self, index: int, codes: Sequence[float]) -> Iterator[tuple[int, float]]:
        """The first rows in which a column has these numbers of texts."""
        start = found = 0
        for block in self._blocks:
            for row in np.flatnonzero(np.isin(block[:, index], codes))[: MOST_REASONS - found].tolist():
                yield start + row, float(block[row, index])
                found += 1
            start += len(block)

    def _with_numbers(self, block: Array) -> Array:
        """The block with numbers in the place of the texts of columns that were open until now."""
        numbers = self._settling.numbers
        if not numbers:
            return block
        block = block.astype(np.float64)
        for index, values in numbers.items():
            codes = block[:, index]
            known = ~np.isnan(codes)
            codes[known] = values[codes[known].astype(np.intp)]
        return narrowed(block)

    def _append(self, block: Array, lines: range | Array) -> None:
        self._rows += len(block)
        if self._rows * len(self._readers) > MAX_VALUES:
            most = f"at most {MAX_VALUES}"
            raise refuse(f"more than {MAX_VALUES} values", most, "Upload fewer rows, or ignore columns.")
        self._blocks.append(narrowed(block))
        self._lines.extend(lines)

    def _all_numbers(self, rows: list[list[str]]) -> Array | None:
        """The block where every column is known to hold numbers and does; faster than column by column."""
        all_read = len(self._readers) == len(self._roles.names) and self._options.decimal == "."
        if not all_read or any(reader.kind != "number" or reader.missing_numbers for reader in self._readers):
            return None
        try:
            flat = np.fromiter(map(float, chain.from_iterable(rows)), np.float64)
        except ValueError:
            return None
        text = "".join(map("".join, rows))
        if "_" in text or (np.abs(flat) >= LARGEST_EXACT).any():
            return None
        block = flat.reshape(len(rows), -1)
        if "." in text:
            for place, reader in enumerate(self._readers):
                if not reader.is_sure:
                    reader.note_separators([row[place] for row in rows], block[:, place])
        return block

    def _without_ragged(
        self, rows: list[list[str]], lines: range | Array, width: int
    ) -> tuple[list[list[str]], Array]:
        """The rows of the right length, and their lines; the others are remembered, and enough of them are enough."""
        expected = f"{width} fields, as many as there are columns"
        self._ragged += [
            Reason(int(line), None, f"{len(row)} field{'s' * (len(row) != 1)}", expected)
            for row, line in zip(rows, lines, strict=True)
            if len(row) != width
        ][: MOST_REASONS - len(self._ragged)]
        if len(self._ragged) == MOST_REASONS:
            self.finish(None, [])
        good = [place for place, row in enumerate(rows) if len(row) == width]
        return [rows[place] for place in good], np.asarray(lines)[good]

    def _stray(self, place: int, reader: ColumnReader) -> Iterator[Reason]:
        """The reason why a column cannot be read: strings among numbers, or too many distinct strings."""
        name = self._roles.names[place]
        if reader.overflown:
            yield Reason(
                None, name, f"more than {MAX_TEXTS} distinct strings", "numbers, or a few categories"
            )
        for text in reader.levels or ():
            if not is_plain(text) or len(text) > LONGEST_NAME:
                yield Reason(
                    None, name, shown(text), f"strings of at most {LONGEST_NAME} characters without NUL"
                )
                break
        expected = PLAIN if reader.decimal == "." else PLAIN.replace("point", "comma")
        for row, cell in reader.stray:
            yield Reason(self._lines.of(row), name, shown(cell), expected)

    def _advice(self, strays: Sequence[Reason]) -> str:
        """Advice on strings among numbers."""
        targets = {self._roles.names[place] for place in self._roles.targets}
        is_target = any(reason.column in targets for reason in strays)
        advice = ["Correct the values"]
        amounts = {reason: take_apart(reason.found[1:-1]) for reason in strays if reason.found[:1] == '"'}
        words = dict.fromkeys(
            reason.found
            for reason, amount in amounts.items()
            if amount is None and not any(map(str.isdecimal, reason.found))
        )
        if words:
            some = ", ".join(list(words)[:_MOST_MARKERS])
            advice.append(
                f'list every marker of missing values, "NA" and the like included: "missing": ["NA", {some}]'
            )
        units = ((reason, amount.unit) for reason, amount in amounts.items() if amount and amount.unit)
        found = next((each for each in units if each[0].expected.startswith(PLAIN[:14])), None)
        if found is not None:
            numeric = f'{{"column": {shown(found[0].column or "")}, "unit": {shown(found[1])}}}'
            advice.append(f'if numbers without a unit have the same one, use "numeric": [{numeric}]')
        if not all(reason.column in targets for reason in strays):
            advice.append(_NAMES_ADVICE)
        text = "; or ".join(advice).rstrip(".") + "."
        if len(strays) > 1 and {reason.row for reason in strays} == {self._line(0)}:
            text += f" If line {self._line(0)} holds units or other names, remove it."
        return text + (' If the target holds class names, set "task": "classification".' if is_target else "")


def _in_turn(reasons: Sequence[Reason]) -> list[Reason]:
    """The reasons such that each column comes to word before one has its second."""
    turns: dict[str | None, int] = {}
    keyed = []
    for reason in reasons:
        turns[reason.column] = turns.get(reason.column, 0) + 1
        keyed.append((turns[reason.column], reason))
    return [reason for _, reason in sorted(keyed, key=lambda each: each[0])]


def _reader(place: int, roles: Roles, options: Options, plans: Plans) -> ColumnReader:
    missing = DEFAULT_MISSING if options.missing is None else options.missing
    is_number = place in roles.numeric or place == roles.weight
    is_number |= place in roles.targets and options.task == "regression"
    given = _given(roles.numeric.get(place), is_number=is_number)
    form: NumberForm | None = None
    is_target = roles.targets == (place,)
    names_classes = is_target and options.task == "classification"
    kind: str | None = None
    if names_classes or place in roles.categorical or place in {roles.group, roles.split}:
        kind = "text"
    elif place in plans:
        planned = plans[place]
        kind, form = "open", None if planned is None else planned.form
    elif None not in (given.decimal, given.thousands, given.unit):
        form = NumberForm(given.decimal or ".", given.thousands or "", given.unit or "")
    elif given != GivenForm(is_number=is_number):
        kind = "open"
    reader = ColumnReader(
        frozenset(missing) | {""},
        decimal=options.decimal or ".",
        kind=kind,
        unlimited=place in {roles.group, roles.order},
        named=is_target and options.task is None and kind != "text",
        given=given,
    )
    if form is not None:
        reader.read_in(form)
    return reader


def _given(column: NumericColumn | None, *, is_number: bool) -> GivenForm:
    """The form of a column's numbers given by the options."""
    if column is None:
        return GivenForm(is_number=is_number)
    thousands, unit = ("" if each == NONE else each for each in (column.thousands, column.unit))
    return GivenForm(column.decimal, thousands, unit, is_number)
