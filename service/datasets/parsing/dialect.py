"""How a CSV file is written: what separates fields and decimals, what quotes, and what the first row is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.datasets.parsing.options import DEFAULT_MISSING, Options
from service.datasets.parsing.results import refuse

__all__ = ["Dialect", "find_dialect", "find_header", "is_number"]

# A comma comes late: it may also stand within numbers and texts, where the others hardly do; a space the more so.
_DELIMITERS = "\t;|, "
_EVEN = 0.7
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
_FEWEST_CLASSES = 2
_LONGEST_COUNT = 12


@dataclass(frozen=True, slots=True)
class Dialect:
    """``header`` is whether the first row names the columns, or ``summary``: see ``_is_summary``."""

    delimiter: str
    quote: str
    decimal: str
    header: bool | str

    def reader(self, lines: Iterable[str]) -> Any:
        """A ``csv.reader`` of the lines."""
        # Columns may be lined up by several spaces.
        spaced = self.delimiter == " "
        if self.quote == "none":
            return csv.reader(
                lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, skipinitialspace=spaced
            )
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, skipinitialspace=spaced)

    def rows_of(self, lines: Sequence[str]) -> list[list[str]]:
        """The rows of a few lines, without empty ones."""
        return [row for row in self.reader(lines) if row]


def find_dialect(sample: Sequence[str], options: Options) -> Dialect:
    """The dialect of a file that begins with these lines; raises Refused where there are no rows."""
    quote = options.quote or _quote(sample)
    dialect = Dialect(options.delimiter or ",", quote, options.decimal or ".", header=True)
    if options.delimiter is None:
        dialect = replace(dialect, delimiter=_delimiter(sample, dialect, options.decimal))
    rows = dialect.rows_of(sample)
    if not rows:
        raise refuse("no rows", "at least two", "Upload a file with a row for each example.")
    if options.decimal is None and dialect.delimiter != ",":
        dialect = replace(dialect, decimal=_decimal(rows))
    if options.header is not None:
        return replace(dialect, header=options.header)
    return replace(dialect, header=_names_columns(rows[0], options) or find_header(rows, dialect.decimal))


def _names_columns(first: Sequence[str], options: Options) -> bool:
    """Whether the first row has a column's name that the options call it by; digits may be its number instead."""
    single = (options.weight, options.split, options.group)
    called = (*single, *options.targets, *options.ignore, *options.categorical, *options.numeric)
    names = {name for name in called if isinstance(name, str) and not name.isdecimal()}
    return not names.isdisjoint(cell.strip() for cell in first)


def is_number(text: str, decimal: str) -> bool:
    """Whether the text is a number as people write them: no underscores, and infinity is one."""
    try:
        float(text.replace(",", ".") if decimal == "," else text)
    except ValueError:
        return False
    return "_" not in text


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
    return ",;"[decimal == ","] if best < _EVEN else next(each for each in evenness if evenness[each] == best)


def _evenness(dialect: Dialect, sample: Sequence[str]) -> float:
    """The share of the rows that have as many fields as most, 0 where that is one."""
    try:
        sizes = Counter(len(row) for row in dialect.rows_of(sample))
    except csv.Error:
        return 0.0
    fields, rows = sizes.most_common(1)[0] if sizes else (1, 1)
    return rows / sizes.total() if fields > 1 else 0.0


def _decimal(rows: Sequence[Sequence[str]]) -> str:
    cells = [cell.strip() for row in rows for cell in row]
    commas = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return "," if commas and not any(_DECIMAL_POINT.fullmatch(cell) for cell in cells) else "."


def find_header(rows: Sequence[Sequence[str]], decimal: str = ".") -> bool | str:
    """What the first row is.

    A number among its fields says data. Text above numbers says names; where all is text, a field that comes again
    below says data.
    """
    first, rest = rows[0], rows[1:]
    if _is_summary(rows):
        return "summary"
    filled = [cell.strip() for cell in first if cell.strip() not in DEFAULT_MISSING]
    if not filled or any(is_number(cell, decimal) for cell in filled):
        return False
    columns = list(zip(*(row for row in rest if len(row) == len(first)), strict=True))
    if any(_is_numeric(cells, decimal) for cells in columns) or len(rest) == 0:
        return True
    return not any(cell in below for cell, below in zip(first, columns, strict=False))


def _is_numeric(cells: Sequence[str], decimal: str) -> bool:
    known = [cell for cell in cells if cell.strip() not in DEFAULT_MISSING]
    return bool(known) and all(is_number(cell, decimal) for cell in known)


def _is_summary(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is as in scikit-learn's files: counts of rows and features, then names of classes."""
    first, rest = rows[0], rows[1:]
    counts, names = first[:2], first[2:]
    if not rest or len(names) < _FEWEST_CLASSES or not all(map(_is_count, counts)):
        return False
    return not any(is_number(name, ".") for name in names) and all(
        len(row) == int(counts[1]) + 1 and _is_count(row[-1]) and int(row[-1]) < len(names) for row in rest
    )


def _is_count(cell: str) -> bool:
    return len(cell) <= _LONGEST_COUNT and cell.isascii() and cell.isdecimal()
