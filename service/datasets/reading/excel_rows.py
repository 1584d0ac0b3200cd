"""Read Excel and OpenDocument workbooks as a table, with python-calamine (the extra ``excel``)."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import did_you_mean
from service.datasets.reading.building import read_whole
from service.datasets.reading.columns import TypedNumber
from service.datasets.reading.csv_rows import read_rows
from service.datasets.reading.dialect import find_first_row
from service.datasets.reading.header import header_guess
from service.datasets.reading.limits import CHUNK_VALUES, MAX_BYTES, MAX_VALUES, SAMPLE_ROWS, is_bomb
from service.datasets.reading.options import DEFAULT_MISSING, Options
from service.datasets.reading.results import DatasetWarning, refuse, shown
from service.datasets.reading.table import Table

__all__ = ["can_read_workbooks", "read_excel"]


def can_read_workbooks() -> bool:
    """Whether what reads workbooks is installed."""
    return importlib.util.find_spec("python_calamine") is not None


def read_excel(path: Path, options: Options) -> Table:
    """The table of a workbook's sheet: the one that is named, else the first with anything in it; raises Refused."""
    calamine = importlib.import_module("python_calamine")
    try:
        _check_size(path)
        name, rows, others = _sheet(calamine.CalamineWorkbook.from_path(str(path)), options)
    except (calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        # Errors of the operating system have a number; errors of calamine have none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        why = f"a damaged workbook ({shown(str(error))[1:-1]})"
        raise refuse(why, "a workbook", "Save it again, or save the sheet as CSV, and upload that.") from None
    missing = DEFAULT_MISSING if options.missing is None else options.missing
    header = find_first_row([row for row in rows[:SAMPLE_ROWS] if any(row)], options, ".")
    found = replace(
        options,
        format="excel",
        sheet=name,
        header=header.value,
        decimal=options.decimal or ".",
        missing=missing,
    )
    chunk = max(1, CHUNK_VALUES // max(map(len, rows)))
    table = read_whole(lambda plans: read_rows(_Rows(rows), found, options, plans, chunk))
    if options.sheet is None and others:
        message = f"Sheet {shown(name)} was read; the workbook also has {', '.join(map(shown, others[:10]))}."
        table.warnings.append(DatasetWarning("guessed_sheet", "#/options/sheet", message))
    if header.is_guess:
        first = next(row for row in rows if any(row))
        table.warnings.append(header_guess(first, is_header=header.value is True))
    return table


class _Rows:
    """The rows of a sheet with their numbers, without empty ones."""

    def __init__(self, rows: Sequence[list[str]]) -> None:
        self._rows = [(number, row) for number, row in enumerate(rows, start=1) if any(row)]
        self._next = 0

    def take(self, count: int) -> tuple[list[list[str]], Any]:
        """Up to ``count`` rows, and the number that a spreadsheet shows beside each; none at the end."""
        taken = self._rows[self._next : self._next + count]
        self._next += len(taken)
        return [row for _, row in taken], [number for number, _ in taken]


def _check_size(path: Path) -> None:
    """Raise Refused for a workbook that is too large once it is unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES or is_bomb(size, path.stat().st_size):
        raise refuse(f"{size} bytes when unpacked", "a workbook of data", "Save the sheet as CSV.")


def _sheet(workbook: Any, options: Options) -> tuple[str, list[list[str]], list[str]]:
    """The sheet to read: its name, its rows as texts, and the names of the others that are not empty."""
    names: list[str] = workbook.sheet_names
    filled = {name: sheet for name in names if (sheet := workbook.get_sheet_by_name(name)).height}
    wanted = options.sheet
    if isinstance(wanted, int) and -len(names) <= wanted < len(names):
        wanted = names[wanted]
    name = next(iter(filled), "") if wanted is None else str(wanted)
    if name not in filled:
        there = ", ".join(map(shown, filled)) or "nothing"
        found = f"no rows in sheet {shown(name)}" if name else "no rows"
        hint = did_you_mean(name, names) if name else ""
        raise refuse(found, f"one of {there}{hint and '.'}{hint}", 'Set "sheet" to a sheet with rows.')
    sheet = filled[name]
    if sheet.height * sheet.width > MAX_VALUES:
        raise refuse(f"more than {MAX_VALUES} values", f"at most {MAX_VALUES}", "Upload fewer rows.")
    rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    return name, rows, [other for other in filled if other != name]


def _text(cell: Any) -> str:
    """A cell as a text file would have it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        return TypedNumber(int(cell) if float(cell).is_integer() else cell)
    if isinstance(cell, dt.datetime):
        return str(cell.date() if cell.time() == dt.time() else cell)
    return str(cell).strip() if cell is not None else ""
