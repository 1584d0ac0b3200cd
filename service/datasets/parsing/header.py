"""Whether the first row of a table names its columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from service.datasets.parsing.forms import is_number
from service.datasets.parsing.options import DEFAULT_MISSING

__all__ = ["find_header"]

_FEWEST_CLASSES = 2
_FEWEST_COUNTED = 3
_MANY = 10
_YEARS = range(1800, 2101)
_LONGEST_COUNT = 12


def find_header(
    rows: Sequence[Sequence[str]], decimal: str = ".", missing: Sequence[str] = DEFAULT_MISSING
) -> bool | str:
    """What the first row is.

    A number among its fields says data, but for ``_names_with_numbers``. Text above numbers says names; where all is
    text, a field that comes again below says data.
    """
    first, rest = rows[0], rows[1:]
    if _is_summary(rows):
        return "summary"
    filled = [cell.strip() for cell in first if cell.strip() not in missing]
    if not filled:
        return False
    columns = list(zip(*(row for row in rest if len(row) == len(first)), strict=True))
    if any(is_number(cell, decimal) for cell in filled):
        return _names_with_numbers([cell.strip() for cell in first], rest, columns, decimal)
    if any(_is_numeric(cells, decimal) for cells in columns) or len(rest) == 0:
        return True
    return not any(cell in below for cell, below in zip(first, columns, strict=False))


def _names_with_numbers(
    first: Sequence[str], rest: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], decimal: str
) -> bool:
    """Whether a first row with numbers in it names columns, such as years or those that pandas has counted.

    Its numbers must rise. It then does where all others have a field more; where a word at one of its ends stands above
    numbers; where nothing stands above what tells rows apart, as R and pandas write it; and where it counts columns.
    """
    numbers = [float(cell.replace(",", ".")) for cell in first if is_number(cell, decimal)]
    if any(high <= low for low, high in pairwise(numbers)):
        return False
    if not columns:
        return bool(rest) and all(len(row) == len(first) + 1 for row in rest)
    words = any(_is_word(first[end]) and _is_numeric(columns[end], decimal) for end in (0, -1))
    apart = not first[0] and _tells_rows_apart(columns[0], decimal)
    return words or apart or _counts_columns(numbers, first, columns)


def _counts_columns(numbers: Sequence[float], first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether numbers are those of columns: 0, 1, 2 and so on, many of them, or above values that are not all whole.

    So are years. Above whole numbers alone a few that follow each other may just as well be data.
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
