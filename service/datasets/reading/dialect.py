"""Dialect of a CSV file: delimiter, decimal separator, quote character and header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.datasets.reading.header import Header, find_header, is_title
from service.datasets.reading.options import DEFAULT_MISSING, Options
from service.datasets.reading.results import Refused, refuse, shown
from service.datasets.reading.roles import is_place

__all__ = ["Dialect", "above_names", "find_dialect", "find_first_row", "separator_line"]

# A comma comes late: it may also stand within numbers and texts, where the others hardly do; a space the more so.
_DELIMITERS = "\t;|, "
_EVEN = 0.7
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
_POINTED_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;|\t])"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """``header`` is whether the first row names the columns, or ``summary``: see ``_is_summary``."""

    delimiter: str
    quote: str
    decimal: str
    header: bool | str
    is_header_guessed: bool = False

    def reader(self, lines: Iterable[str]) -> Any:
        """A ``csv.reader`` of the lines."""
        # Columns may be aligned by spaces, and a quote may follow a space.
        how: dict[str, Any] = {"delimiter": self.delimiter, "skipinitialspace": True}
        quoting = {"quoting": csv.QUOTE_NONE} if self.quote == "none" else {"quotechar": self.quote}
        return csv.reader(lines, **how, **quoting)

    def rows_of(self, lines: Sequence[str]) -> list[list[str]]:
        """The rows of a few lines, without empty ones."""
        return [row for row in self.reader(lines) if any(map(str.strip, row))]


def above_names(row: Sequence[str], width: int) -> Refused:
    """The refusal of a line above the names of the columns, or of one with too few names."""
    named = sum(map(bool, map(str.strip, row)))
    if named > 1:
        return refuse(
            f"{named} names above rows of {width} fields",
            "a name for each field",
            'If numbers contain the delimiter, such as 1,5 between commas, quote them: "1,5". Otherwise '
            "name every column, and remove lines above the header, such as titles.",
            row=1,
        )
    return refuse(
        f"{shown(next(filter(str.strip, row), ''))} above rows of {width} fields",
        "the column names",
        "Remove the lines above the header, such as titles and comments.",
        row=1,
    )


def separator_line(line: str) -> str | None:
    """The delimiter named by Excel's line ``sep=;`` above a file."""
    found = _SEPARATOR_LINE.fullmatch(line.strip("\r\n"))
    return None if found is None else found[1]


def find_dialect(sample: Sequence[str], options: Options) -> Dialect:
    """The dialect of a file that begins with these lines; raises Refused if there are no rows."""
    quote = options.quote or _quote(sample)
    dialect = Dialect(options.delimiter or ",", quote, options.decimal or ".", header=True)
    if options.delimiter is None:
        dialect = replace(dialect, delimiter=_delimiter(sample, dialect, options.decimal))
    rows = dialect.rows_of(sample)
    if not rows:
        raise refuse("no rows", "at least two", "Upload a file with one row per example.")
    if options.decimal is None:
        dialect = replace(dialect, decimal=_decimal(rows, dialect.delimiter))
    found = find_first_row(rows, options, dialect.decimal)
    return replace(dialect, header=found.value, is_header_guessed=found.is_guess)


def find_first_row(rows: Sequence[Sequence[str]], options: Options, decimal: str) -> Header:
    """Classify the first row, by the options or by its content; raises Refused for a title."""
    if options.header is not None:
        return Header(options.header)
    if not rows or _names_columns(rows[0], options):
        return Header(value=True)
    missing = DEFAULT_MISSING if options.missing is None else options.missing
    found = find_header(rows, decimal, missing)
    if found.value is True and is_title(rows, decimal, missing):
        raise above_names(rows[0], len(rows[1]))
    return found


def _names_columns(first: Sequence[str], options: Options) -> bool:
    """Whether the first row has a column's name that the options call it by; digits may be its place instead."""
    names = {each for each in options.called if isinstance(each, str) and not is_place(each)}
    return not names.isdisjoint(cell.strip() for cell in first)


def _quote(sample: Sequence[str]) -> str:
    """Double quotes, unless there are none and single ones stand where they would."""
    single = re.compile(r"(?:^|[,;\t|])'[^']*'(?=[,;\t|]|\s*$)")
    if any('"' in line for line in sample):
        return '"'
    quoted = sum(1 for line in sample if single.search(line))
    return "'" if sample and quoted * 2 > len(sample) else '"'


def _delimiter(sample: Sequence[str], dialect: Dialect, decimal: str | None) -> str:
    """The first that gives most rows the same number of fields, more than one; a comma where none does."""
    evenness = {
        each: _evenness(replace(dialect, delimiter=each), sample)
        for each in _DELIMITERS
        if not (each == "," and decimal == ",")
    }
    best = max(evenness.values())
    return "," if best < _EVEN else next(each for each in evenness if evenness[each] == best)


def _evenness(dialect: Dialect, sample: Sequence[str]) -> float:
    """The share of the rows that have as many fields as most, 0 if that is one."""
    try:
        sizes = Counter(len(row) for row in dialect.rows_of(sample))
    except csv.Error:
        return 0.0
    fields, rows = sizes.most_common(1)[0] if sizes else (1, 1)
    return rows / sizes.total() if fields > 1 else 0.0


def _decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """A comma where numbers have one that groups no thousands, and points only where these may group thousands."""
    cells = [cell.strip() for row in rows for cell in row]
    commas = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
    if delimiter == "," and all(map(_THOUSANDS.fullmatch, commas)):
        return "."
    points = filter(_DECIMAL_POINT.fullmatch, cells)
    return "," if commas and all(map(_POINTED_THOUSANDS.fullmatch, points)) else "."
