"""Parse a file into arrays to train on, or reasons for its rejection. Needs NumPy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from service.datasets.reading.arrays import read_npz
from service.datasets.reading.csv_rows import read_csv
from service.datasets.reading.dataset_warnings import dataset_warnings
from service.datasets.reading.describing import preview, summarize
from service.datasets.reading.excel_rows import can_read_workbooks, read_excel
from service.datasets.reading.findings import find
from service.datasets.reading.json_rows import read_json
from service.datasets.reading.options import Options
from service.datasets.reading.other_formats import check_format
from service.datasets.reading.parquet_rows import read_parquet
from service.datasets.reading.results import DatasetWarning, Parsed, Refused, Rejected, refuse
from service.datasets.reading.tables import interpret
from service.datasets.reading.unpacking import unpacked

__all__ = ["parse"]

_READERS = {"csv": read_csv, "json": read_json, "parquet": read_parquet, "excel": read_excel}
_MAGIC = {b"PK\x03\x04": "npz", b"PK\x05\x06": "npz", b"PAR1": "parquet"}
_JSON_STARTS = (b"[", b"{")
# White space, byte order marks, and the other half of UTF-16.
_BLANKS = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"


def parse(path: Path, options: Options) -> Parsed | Rejected:
    """Read a file of any format; what is left open in the options is found out, and told in those of the result.

    Raises nothing that a file can bring about: OSError where it cannot be read, and MemoryError, are the machine's.
    """
    try:
        parsed = _parse(path, options)
    except Refused as refused:
        return refused.rejected
    parsed = replace(parsed, summary=summarize(parsed), findings=find(parsed), preview=preview(parsed))
    return replace(parsed, warnings=_placed(parsed, (*parsed.warnings, *dataset_warnings(parsed, options))))


def _placed(parsed: Parsed, warnings: Iterable[DatasetWarning]) -> tuple[DatasetWarning, ...]:
    """The warnings, those about a column with the pointer of that column in the data set's answer."""
    pointers = {name: f"#/target_names/{place}" for place, name in enumerate(parsed.target_names)}
    pointers |= {column.name: f"#/columns/{place}" for place, column in enumerate(parsed.columns)}
    return tuple(
        warning
        if warning.column is None
        else replace(warning, pointer=pointers.get(warning.column, warning.pointer))
        for warning in warnings
    )


def _parse(path: Path, options: Options) -> Parsed:
    path = unpacked(path)
    is_workbook = check_format(path, reads_workbooks=can_read_workbooks())
    found = "excel" if is_workbook else _format(path)
    wanted = options.format or found
    if wanted == "npz":
        return read_npz(path, options)
    if wanted == "csv" and found in {"npz", "parquet", "excel"}:
        raise refuse(f"a file that begins as {found} does", "CSV", 'Omit "format", or upload a CSV file.')
    if wanted == "excel" and not is_workbook:
        raise refuse("no workbook", "an Excel or OpenDocument workbook", 'Omit "format".')
    return interpret(_READERS[wanted](path, options))


def _format(path: Path) -> str:
    """The format by the file's first bytes; raises Refused if there are none."""
    with path.open("rb") as file:
        start = file.read(1024)
    if not start.strip(_BLANKS):
        raise refuse("an empty file", "CSV, JSON, NPZ or Parquet", "Upload a file with rows.")
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    return "json" if start.lstrip(_BLANKS).startswith(_JSON_STARTS) else "csv"
