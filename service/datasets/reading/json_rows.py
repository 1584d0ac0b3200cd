"""Read JSON rows as a table: a list of objects or lists, or one per line, a block at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from service.datasets.reading.building import TableBuilder, read_whole
from service.datasets.reading.columns import TypedNumber
from service.datasets.reading.forms import is_number
from service.datasets.reading.header import find_header, header_guess
from service.datasets.reading.label_texts import json_number
from service.datasets.reading.limits import CHUNK_VALUES, MAX_COLUMNS, MAX_LINE, READ_AT_ONCE, SAMPLE_ROWS
from service.datasets.reading.options import DEFAULT_MISSING, Options
from service.datasets.reading.results import Reason, Refused, refuse, shown
from service.datasets.reading.roles import assign_roles, column_names
from service.datasets.reading.settling import Plans
from service.datasets.reading.table import Table
from service.datasets.reading.text import find_encoding

__all__ = ["read_json"]

_BLANKS = " \t\r\n"
_LONGEST_WORD = len("-Infinity")
_ADVICE = (
    "Write the file as a list of objects with the same keys, or as a list of lists of the same length; of pandas "
    'to_json(orient="records").'
)


class _Twice(Exception):
    """An object has a key twice, which is the message."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        counts = Counter(name for name, _ in members)
        raise _Twice(next(name for name, count in counts.items() if count > 1))
    return found


# Numbers become texts, as they are in a CSV file, and are read the same way; equal numbers become the same text.
_DECODER = json.JSONDecoder(
    parse_int=str,
    parse_float=lambda text: TypedNumber(json_number(text)),
    parse_constant=str,
    object_pairs_hook=_object,
)


def read_json(path: Path, options: Options) -> Table:
    """The table of a JSON file; raises Refused."""
    encoding, warnings = find_encoding(path, options.encoding)
    table = read_whole(lambda plans: _read_items(_items(path, encoding), encoding, options, plans))
    table.warnings += warnings
    return table


def _read_items(items: Iterator[Any], encoding: str, options: Options, plans: Plans) -> Table:
    """The table of all items, of which the first tell what they are."""
    first = list(islice(items, SAMPLE_ROWS))
    if not first:
        raise refuse("no rows", "at least two", _ADVICE)
    if len(first) == 1 and isinstance(first[0], dict) and any(map(_is_nested, first[0].values())):
        raise refuse("one object that contains lists or objects", "a list of rows", _ADVICE)
    if not isinstance(first[0], (list, dict)):
        raise refuse(_kind(first[0]), "a list or an object", _ADVICE, row=1)
    found = replace(
        options,
        format="json",
        encoding=encoding,
        decimal=options.decimal or ".",
        missing=DEFAULT_MISSING if options.missing is None else options.missing,
    )
    rows = enumerate(chain(first, items), start=1)
    if isinstance(first[0], dict):
        return _read(rows, _keys(first), (replace(found, header=False), options, plans), named=True)
    lists = [[_text(value) for value in row] for row in first if isinstance(row, list)]
    header, is_guess = found.header, False
    if not isinstance(header, bool):
        # Numbers are not names here: names are strings.
        guessed, has_numbers = find_header(lists), any(is_number(cell, ".") for cell in lists[0])
        header = guessed.value is True and not has_numbers
        is_guess = guessed.is_guess and not has_numbers
    names = [_text(value) for value in next(rows)[1]] if header else None
    columns = names if names is not None else len(first[0])
    table = _read(rows, columns, (replace(found, header=header), options, plans), named=False)
    table.warnings += [header_guess(lists[0], is_header=header)] * is_guess
    return table


def _read(
    rows: Iterator[tuple[int, Any]],
    columns: list[str] | int,
    how: tuple[Options, Options, Plans],
    *,
    named: bool,
) -> Table:
    names, warnings = (
        column_names(None, columns) if isinstance(columns, int) else column_names(columns, len(columns))
    )
    table = TableBuilder(assign_roles(names, how[0]), *how)
    chunk = max(1, CHUNK_VALUES // len(names))
    keys = columns if named and isinstance(columns, list) else None
    while taken := list(islice(rows, chunk)):
        table.add([_cells(row, number, keys) for number, row in taken], range(taken[0][0], taken[-1][0] + 1))
    return table.finish(None, warnings)


def _keys(rows: list[Any]) -> list[str]:
    """The keys of the first rows, in the order in which they come up."""
    found = dict.fromkeys(chain.from_iterable(row for row in rows if isinstance(row, dict)))
    if len(found) > MAX_COLUMNS or not found:
        raise refuse(f"{len(found)} keys", f"1 to {MAX_COLUMNS}", _ADVICE)
    return list(found)


def _cells(row: Any, number: int, keys: list[str] | None) -> list[str]:
    """The texts of a row; raises Refused for one of another form than the first."""
    if keys is None and isinstance(row, list):
        values = row
    elif keys is not None and isinstance(row, dict):
        values = [row.get(key) for key in keys]
        if unknown := row.keys() - set(keys):
            raise refuse(f"key {shown(min(unknown))}", "the keys of the first rows", _ADVICE, row=number)
    else:
        raise refuse(_kind(row), "a list" if keys is None else "an object", _ADVICE, row=number)
    nested = [place for place, value in enumerate(values) if _is_nested(value)]
    if nested:
        names = keys or [f"column_{place}" for place in range(len(values))]
        reasons = [
            Reason(number, names[place], _kind(values[place]), "a number, a string or null")
            for place in nested
        ]
        raise Refused(reasons, f"Give each value a column of its own. {_ADVICE}")
    return list(map(_text, values))


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, dict))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # The reader knows numbers by their type.
    return value if isinstance(value, str) else str(value)


def _kind(value: Any) -> str:
    return {list: "a list", dict: "an object", str: "a single value", bool: "a single value"}.get(
        type(value), "null"
    )


def _items(path: Path, encoding: str) -> Iterator[Any]:
    """The items of the outer list, or of the file if there is none; raises Refused for what is not JSON."""
    count = 0
    with path.open(encoding=encoding) as file:
        text = _Text(file)
        inside = text.buffer.startswith("[") and not _starts_with_a_row_of_its_own(text.buffer)
        text.place = int(inside)
        while (following := text.following()) and not (inside and following == "]"):
            if inside and count:
                if following != ",":
                    raise refuse(f"{shown(text.rest())} after an item", "a comma", _ADVICE, row=count)
                text.place += 1
                text.following()
            count += 1
            yield text.item(count)
        if inside:
            if not following:
                raise refuse("an end within the list, so it is not valid JSON", "]", _ADVICE, row=count + 1)
            text.place += 1
            if text.following():
                raise refuse(
                    f"{shown(text.rest())} after the list", "the end of the file", _ADVICE, row=count
                )


class _Text:
    """A text read block by block, and the place in it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.buffer = file.read(READ_AT_ONCE).removeprefix("\ufeff").lstrip()
        self.place = 0

    def following(self) -> str:
        """The next character that is no blank, nothing at the end; the place is moved to it."""
        while True:
            while self.place < len(self.buffer) and self.buffer[self.place] in _BLANKS:
                self.place += 1
            if self.place < len(self.buffer):
                return self.buffer[self.place]
            self.buffer, self.place = self._file.read(READ_AT_ONCE), 0
            if not self.buffer:
                return ""

    def item(self, number: int) -> Any:
        """The value at the place, which is moved behind it; raises Refused."""
        while True:
            try:
                value, self.place = _DECODER.raw_decode(self.buffer, self.place)
            except _Twice as error:
                found = f"key {shown(str(error))} twice"
                raise refuse(found, "each key once in an object", _ADVICE, row=number) from None
            except (ValueError, RecursionError) as error:
                is_syntax = _is_syntax(error, len(self.buffer))
                self.buffer, self.place = self.buffer[self.place :], 0
                if is_syntax:
                    raise self._wrong(error, number) from None
                if len(self.buffer) > MAX_LINE:
                    found = f"an item of more than {MAX_LINE:,} characters".replace(",", " ")
                    raise refuse(found, "shorter ones", _ADVICE, row=number) from None
                block = self._file.read(READ_AT_ONCE)
                if not block:
                    raise self._wrong(error, number) from None
                self.buffer += block
            else:
                return value

    def _wrong(self, error: Exception, number: int) -> Refused:
        found = f"{shown(self.rest())}, which is not valid JSON ({_why(error)})"
        return refuse(found, "an item", _ADVICE, row=number)

    def rest(self) -> str:
        """The text at the current place, shortened."""
        return self.buffer[self.place : self.place + 40]


def _starts_with_a_row_of_its_own(buffer: str) -> bool:
    """Whether the first list is a row, another one following on a line of its own, and not the list of all rows."""
    try:
        row, end = _DECODER.raw_decode(buffer)
    except (ValueError, RecursionError, _Twice):
        return False
    return not any(isinstance(each, (list, dict)) for each in row) and buffer[end:].lstrip().startswith("[")


def _is_syntax(error: Exception, length: int) -> bool:
    """Whether it is not for want of more of the text, of which there are ``length`` characters, that it is wrong."""
    if not isinstance(error, json.JSONDecodeError):
        return True
    return not error.msg.startswith("Unterminated") and error.pos < length - _LONGEST_WORD


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else "or ends too early"
