"""Read delimited text as a table, by chunks: only numbers are kept in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.kernels import Array
from service.datasets.reading.building import TableBuilder, read_whole
from service.datasets.reading.dialect import Dialect, above_names, find_dialect, separator_line
from service.datasets.reading.forms import is_number
from service.datasets.reading.header import header_guess, is_repeatable, may_name_rows
from service.datasets.reading.limits import CHUNK_VALUES
from service.datasets.reading.options import DEFAULT_MISSING, Options
from service.datasets.reading.results import DatasetWarning, refuse
from service.datasets.reading.roles import assign_roles, column_names, is_called
from service.datasets.reading.settling import Plans
from service.datasets.reading.table import Table
from service.datasets.reading.text import find_encoding, lines_of

__all__ = ["read_csv", "read_rows"]

_SAMPLE_LINES = 200
_SAMPLE_CHARACTERS = 1 << 18
_MOST_LINES = 10


def read_csv(path: Path, options: Options) -> Table:
    """The table of a CSV file; raises Refused."""
    try:
        return _read_csv(path, options)
    except csv.Error as error:
        most = "fields of at most 131072 characters"
        raise refuse(str(error), most, "Check for an unclosed quote.") from None


def _read_csv(path: Path, options: Options) -> Table:
    encoding, warnings = find_encoding(path, options.encoding)
    sample = _sample(path, encoding)
    if options.delimiter is None and (separator := separator_line(sample[0] if sample else "")):
        options = replace(options, delimiter=separator)
    dialect = find_dialect(sample, options)
    found = replace(
        options,
        format="csv",
        encoding=encoding,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        decimal=dialect.decimal,
        header=dialect.header,
        missing=DEFAULT_MISSING if options.missing is None else options.missing,
    )
    rows = dialect.rows_of(sample)
    table = read_whole(
        lambda plans: read_rows(_Rows(_lines(path, encoding), dialect), found, options, plans, _chunk(rows))
    )
    table.warnings += warnings
    numbers = [name.strip() for name in rows[0] if is_number(name, dialect.decimal)]
    if options.header is None and dialect.header is True and numbers:
        message = (
            f"Numbers in the first row, such as {numbers[0]}, were taken for column names; if they are "
            "data, set header=false."
        )
        table.warnings.append(DatasetWarning("guessed_header", "#/options/header", message))
    if dialect.is_header_guessed:
        table.warnings.append(header_guess(rows[0], is_header=dialect.header is True))
    return table


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines; of one that only tells Excel what separates fields nothing but its end, so that all are counted."""
    for number, line in enumerate(lines_of(path, encoding)):
        yield "\n" if not number and separator_line(line) else line


def _sample(path: Path, encoding: str) -> list[str]:
    """The first lines, enough to tell how the file is written."""
    sample: list[str] = []
    size = 0
    for line in islice(_lines(path, encoding), _SAMPLE_LINES):
        size += len(line)
        if sample and size > _SAMPLE_CHARACTERS:
            break
        sample.append(line)
    return sample


def _chunk(rows: Sequence[Sequence[str]]) -> int:
    """Number of rows to read at once: fewer if they are wide."""
    return max(1, CHUNK_VALUES // max(map(len, rows)))


class _Rows:
    """The rows of a file with their lines, which differ from their count where a field goes over several."""

    def __init__(self, lines: Iterable[str], dialect: Dialect) -> None:
        self._reader = dialect.reader(lines)

    def take(self, count: int) -> tuple[list[list[str]], range | Array]:
        """Up to ``count`` rows, without empty ones, and the line at which each begins; none at the end."""
        while True:
            start = self._reader.line_num + 1
            rows = list(islice(self._reader, count))
            even = self._reader.line_num + 1 - start == len(rows)
            # Spreadsheets leave rows of nothing but separators.
            if even and all(map(any, rows)):
                return rows, range(start, start + len(rows))
            heights = [1 if even else 1 + sum(map(_breaks, row)) for row in rows]
            begins = start + np.cumsum([0, *heights])[: len(rows)]
            kept = [place for place, row in enumerate(rows) if any(map(str.strip, row))]
            if kept:
                return [rows[place] for place in kept], begins[kept]


def _breaks(cell: str) -> int:
    """Number of line breaks within a field."""
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


class Rows(Protocol):
    """Rows of texts, taken some at a time."""

    def take(self, count: int) -> tuple[list[list[str]], Any]:
        """Up to ``count`` rows and the line of each; none at the end."""


def read_rows(rows: Rows, options: Options, given: Options, plans: Plans, chunk: int) -> Table:
    """The table of all rows, of which ``chunk`` are read at once; raises Refused and ReadAgain."""
    header: list[str] | None = None
    classes: tuple[str, ...] | None = None
    if options.header:
        header = next(iter(rows.take(1)[0]), None)
    if options.header == "summary" and header is not None:
        classes, header = tuple(name.strip() for name in header[2:]), None
    taken, lines = rows.take(chunk)
    if not taken:
        raise refuse("no rows", "at least two", "Upload a file with one row per example.")
    filled = _filled(taken, options)
    names, options, warnings = _names(header, taken, filled, options)
    table = TableBuilder(assign_roles(names, options, filled), options, given, plans)
    repeated: list[int] = []
    while taken:
        if header is not None and header in taken and is_repeatable(header):
            places = [place for place, row in enumerate(taken) if row != header]
            repeated += [int(line) for line, row in zip(lines, taken, strict=True) if row == header]
            taken, lines = [taken[place] for place in places], np.asarray(lines)[places]
        table.add(taken, lines)
        taken, lines = rows.take(chunk)
    if repeated:
        warnings.append(_repeated_header(repeated))
    return table.finish(classes, warnings)


def _repeated_header(lines: Sequence[int]) -> DatasetWarning:
    """The warning that lines below have the names of the columns once more."""
    some = ", ".join(f"{line:,}" for line in lines[:_MOST_LINES]) + ", …" * (len(lines) > _MOST_LINES)
    are = f"Lines {some} repeat" if len(lines) > 1 else f"Line {some} repeats"
    left = "were left out" if len(lines) > 1 else "was left out"
    message = f"{are} the column names, as in concatenated files, and {left}."
    return DatasetWarning("repeated_header", None, message)


def _filled(rows: Sequence[Sequence[str]], options: Options) -> int:
    """Number of columns without the empty ones at the end."""
    missing = {"", *(options.missing or ())}
    count = len(rows[0])
    while count and all(len(row) < count or row[count - 1].strip() in missing for row in rows):
        count -= 1
    return count


def _names(
    header: list[str] | None, rows: Sequence[Sequence[str]], filled: int, options: Options
) -> tuple[tuple[str, ...], Options, list[DatasetWarning]]:
    """The columns' names, the options without a column of row names, and warnings.

    Fields of the ``rows`` after the first ``filled`` ones are empty.
    """
    width = len(rows[0])
    if header is None:
        return *column_names(None, width)[:1], options, []
    if len(header) < width and filled <= len(header):
        # A separator at the end of each line, but of the first.
        header = [*header, *[""] * (width - len(header))]
    if width > 2 and (len(header) + 1 < width or sum(map(bool, map(str.strip, header))) == 1):  # noqa: PLR2004 - a title over a column is that column's name
        raise above_names(header, width)
    reason = "The first column has no name, as with row names of R or the index of pandas"
    is_longer = width == len(header) + 1
    is_named = bool(header[0].strip()) and not is_longer
    called = is_called(options, 0, ["row_names", *header] if is_longer else header)
    if not (is_named or called or may_name_rows(rows, are_new=is_longer)):
        if is_longer:
            raise above_names(header, width)
        is_named = True
    if is_longer:
        header = ["row_names", *header]
        reason = "The rows have one field more than the header: the first field is taken for a row name"
    elif is_named:
        names, warnings = column_names(header, len(header))
        return names, options, warnings
    names, warnings = column_names(header, len(header))
    if is_called(options, 0, names):
        return names, options, warnings
    return (
        names,
        replace(options, ignore=(*options.ignore, names[0])),
        [*warnings, DatasetWarning("index_ignored", "#/options/ignore", f"{reason}; it is ignored.")],
    )
