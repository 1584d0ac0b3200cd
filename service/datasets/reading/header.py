"""Decide whether the first row of a table is a header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.datasets.reading.amounts import take_apart
from service.datasets.reading.forms import is_number
from service.datasets.reading.options import DEFAULT_MISSING
from service.datasets.reading.results import DatasetWarning, shown

__all__ = ["Header", "find_header", "header_guess", "is_repeatable", "is_title", "may_name_rows"]

_FEWEST_CLASSES = 2
_FEWEST_COUNTED = 3
_MANY = 10
_OFTEN = 4
"""Mean number of occurrences of a string that is a class or category name."""
_YEARS = range(1800, 2101)
_DECIMALS = re.compile(r"[-+]?\d*[.,]\d+(?:[eE][-+]?\d+)?")
_LONGEST_COUNT = 12
_FEWEST_TITLED = 4
_MOST_SHOWN = 10
_NOTHING = {
    "-",
    "--",
    "\u2013",
    "n.a.",
    "n.a",
    "n/a",
    "na",
    "nan",
    "none",
    "null",
    "nil",
    "missing",
    "unknown",
    "nd",
    "n.d.",
    "k.a.",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Whether the first row names the columns, or is a ``summary``; ``is_guess`` where it may be the other thing."""

    value: bool | str
    is_guess: bool = False


def find_header(
    rows: Sequence[Sequence[str]], decimal: str = ".", missing: Sequence[str] = DEFAULT_MISSING
) -> Header:
    """Decide whether the first row is a header.

    A number among its fields says data, but for ``_names_with_numbers`` and words that no row below repeats. A word
    above numbers says names, a missing value above them and an amount above amounts say data. Where all is text, a
    field that comes again below says data, unless the whole row does: files put together repeat their names.
    """
    if _is_summary(rows):
        return Header("summary")
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    filled = [cell for cell in first if cell not in missing]
    if not filled:
        return Header(value=False)
    columns = list(zip(*(row for row in rest if len(row) == len(first)), strict=True))
    if any(is_number(cell, decimal) for cell in filled):
        return _of_numbers(first, rest, columns, decimal)
    if not rest or _is_repeated(first, columns):
        return Header(value=True)
    return _of_words(list(zip(first, columns, strict=False)), decimal, missing)


def is_repeatable(header: Sequence[str]) -> bool:
    """Whether a row below with the same fields can only be these names once more: all are words."""
    words = [cell for cell in map(str.strip, header) if cell]
    return len(words) > 1 and all(map(_is_word, words))


def may_name_rows(rows: Sequence[Sequence[str]], *, are_new: bool) -> bool:
    """Whether the first fields may be names of rows, as R and pandas write them above which is nothing.

    They are no numbers with decimals. If ``are_new``, so that the rows have a field more than the first one, all differ
    and no other field is a second half of a number, as in 1,045 without quotes.
    """
    cells = [row[0].strip() for row in rows if row]
    if any(_DECIMALS.fullmatch(cell) for cell in cells):
        return False
    if not are_new:
        return True
    columns = zip(*(row for row in rows if len(row) == len(rows[0])), strict=True)
    return len(set(cells)) == len(cells) and not any(map(_are_halves, columns))


def _are_halves(cells: Sequence[str]) -> bool:
    """Whether these are digits after a separator: equally many in each, and some begin with 0."""
    lengths = {len(cell) if cell.isascii() and cell.isdecimal() else 0 for cell in map(str.strip, cells)}
    return lengths in ({2}, {3}) and any(cell.strip()[0] == "0" for cell in cells)


def _of_numbers(
    first: Sequence[str], rest: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], decimal: str
) -> Header:
    """Classify a first row with numbers; it is a guess if the numbers may be column numbers."""
    if _names_with_numbers(first, rest, columns, decimal):
        return Header(value=True)
    numbers = _numbers_of(first, decimal)
    if _has_new_words(first, columns, decimal):
        # Two measurements rise as often as not.
        count = _rise(numbers) and (len(numbers) >= _FEWEST_COUNTED or all(map(float.is_integer, numbers)))
        return Header(value=count, is_guess=not count)
    follow = len(numbers) == len(first) >= _FEWEST_COUNTED and all(
        high == low + 1 for low, high in pairwise(numbers)
    )
    return Header(value=False, is_guess=follow and (numbers[0] in {0, 1} or numbers[0] in _YEARS))


def _has_new_words(first: Sequence[str], columns: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether words stand above a few others that come again and again, and none of them is one of these."""
    pairs = [
        (cell, Counter(map(str.strip, cells)))
        for cell, cells in zip(first, columns, strict=False)
        if _is_word(cell) and not is_number(cell, decimal)
    ]
    if any(cell in counts for cell, counts in pairs):
        return False
    return any(len(counts) * _OFTEN <= counts.total() for _, counts in pairs)


def _is_repeated(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether the whole row comes again, and none of its fields does without it."""
    pairs = [(cell, cells) for cell, cells in zip(first, columns, strict=False) if cell]
    counts = {sum(cell == each.strip() for each in cells) for cell, cells in pairs}
    return is_repeatable(first) and len(counts) == 1 and 0 not in counts


def _of_words(pairs: Sequence[tuple[str, Sequence[str]]], decimal: str, missing: Sequence[str]) -> Header:
    """Classify a first row without plain numbers, by each of its fields and the values below it."""
    if any(take_apart(cell) and _are_amounts(cells) for cell, cells in pairs):
        return Header(value=False)
    heads = [cell for cell, cells in pairs if _is_numeric(cells, decimal)]
    if any(cell not in missing and cell.casefold() not in _NOTHING for cell in heads):
        return Header(value=True)
    if heads:
        # The cell above row names is empty in files of R and pandas.
        return Header(value=False, is_guess=True) if any(heads) else Header(value=True)
    return Header(not any(cell in map(str.strip, below) for cell, below in pairs), is_guess=True)


def is_title(
    rows: Sequence[Sequence[str]], decimal: str = ".", missing: Sequence[str] = DEFAULT_MISSING
) -> bool:
    """Whether the first row is a title: shorter than the second, which names the columns.

    In a table of texts alone the second row is one of names if nothing of it comes again, and most other rows have
    something that does.
    """
    if len(rows) < _FEWEST_TITLED or len(_filled(rows[0])) >= len(_filled(rows[1])):
        return False
    names = find_header(rows[1:], decimal, missing)
    if names.value is not True or not names.is_guess:
        return names.value is True
    columns = [Counter(map(str.strip, cells)) for cells in zip(*rows[2:], strict=False)]
    repeated = [
        any(counts[cell.strip()] > 1 for cell, counts in zip(row, columns, strict=False)) for row in rows[2:]
    ]
    return sum(repeated) * 2 > len(repeated)


def header_guess(row: Sequence[str], *, is_header: bool) -> DatasetWarning:
    """The warning that shows the first row, and which option makes it the other thing."""
    cells = ", ".join(shown(cell.strip()) for cell in row[:_MOST_SHOWN]) + ", …" * (len(row) > _MOST_SHOWN)
    taken, other, value = "the column names", "data", "false"
    if not is_header:
        taken, other, value = other, taken, "true"
    message = f"The first row ({cells}) was taken for {taken}; if it is {other}, set header={value}."
    return DatasetWarning("guessed_header", "#/options/header", message)


def _filled(row: Sequence[str]) -> list[str]:
    return [cell for cell in row if cell.strip()]


def _are_amounts(cells: Sequence[str]) -> bool:
    """Whether all cells are numbers, and some have a unit."""
    found = [take_apart(cell.strip()) for cell in cells if cell.strip() not in DEFAULT_MISSING]
    return all(found) and any(
        amount is not None and amount.unit and not amount.is_doubtful for amount in found
    )


def _names_with_numbers(
    first: Sequence[str], rest: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], decimal: str
) -> bool:
    """Whether a first row with numbers in it names columns, such as years or those that pandas has counted.

    Its numbers must rise. It then does where all others have a field more; where a word at one of its ends stands above
    numbers; where nothing stands above what tells rows apart, as R and pandas write it; and where it counts columns.
    """
    numbers = _numbers_of(first, decimal)
    if not _rise(numbers):
        return False
    if not columns:
        return bool(rest) and all(len(row) == len(first) + 1 for row in rest)
    words = any(_is_word(first[end]) and _is_numeric(columns[end], decimal) for end in (0, -1))
    apart = not first[0] and _tells_rows_apart(columns[0], decimal)
    return words or apart or _counts_columns(numbers, first, columns)


def _numbers_of(cells: Sequence[str], decimal: str) -> list[float]:
    return [float(cell.replace(",", ".")) for cell in cells if is_number(cell, decimal)]


def _rise(numbers: Sequence[float]) -> bool:
    return all(low < high for low, high in pairwise(numbers))


def _counts_columns(numbers: Sequence[float], first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether numbers are those of columns: 0, 1, 2 and so on, many of them, or above values that are not all whole.

    So are years. Above integers alone a few that follow each other may just as well be data.
    """
    if numbers == list(range(len(first))) and len(first) >= _MANY:
        return True
    counts = numbers == list(range(len(numbers))) or all(number in _YEARS for number in numbers)
    values = (cell.strip() for cells in columns for cell in cells if cell.strip())
    return counts and len(numbers) >= _FEWEST_COUNTED and not all(map(_is_count, values))


def _is_word(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and cell not in DEFAULT_MISSING


def _tells_rows_apart(cells: Sequence[str], decimal: str) -> bool:
    """Whether a column has another text for each row, or counts them."""
    if any(is_number(cell, decimal) for cell in cells):
        counted = [int(cell) for cell in map(str.strip, cells) if _is_count(cell)]
        return counted in (list(range(len(cells))), list(range(1, len(cells) + 1)))
    return all(cell.strip() for cell in cells) and len(set(cells)) == len(cells)


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
