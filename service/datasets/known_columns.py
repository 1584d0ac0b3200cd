"""Refuse column names that the header of an arriving file does not contain.

Only what is certain is refused here: a name that does not stand in the first line of a delimited text. The reader finds
out all else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any, BinaryIO

from engine.errors import InvalidSpec, SpecProblem, did_you_mean

__all__ = ["check_target"]

_HEAD_BYTES = 1 << 16
_DELIMITERS = "\t;|,"
_MOST_SHOWN = 20
_LONGEST_SHOWN = 60
_SEPARATOR_LINE = re.compile(r'"?sep=."?', re.IGNORECASE)
# Digits are a column's place; the others are names that the reader makes up.
_NO_NAME = re.compile(r"auto|-?\d+|column_\d+|row_names")
_NUMBERED = re.compile(r"_\d+$")
_NO_TABLE = ("{", "[", "<", "@", "%")


def check_target(options: Mapping[str, Any], file: BinaryIO) -> None:
    """Raise InvalidSpec for a target that the first line of the file does not name."""
    given = options.get("target")
    names = [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, str)]
    names = [name for name in names if not _NO_NAME.fullmatch(name)]
    line = _first_line(file) if names and _may_tell(options) else None
    if line is None:
        return
    columns = _columns(line)
    problems = [_unknown(name, columns) for name in names if not _stands_in(name, line)]
    if problems and len(columns) > 1:
        raise InvalidSpec(problems)


def _may_tell(options: Mapping[str, Any]) -> bool:
    """Whether the options leave the first line to name the columns, and its bytes to be UTF-8."""
    return (
        options.get("format", "auto") in {"auto", "csv"}
        and options.get("header", "auto") in {"auto", True}
        and options.get("encoding", "auto") in {"auto", "utf-8"}
    )


def _first_line(file: BinaryIO) -> str | None:
    """The first line with text in it; None if it may not be all of the first row, or is no text."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    whole, end, _ = head.rpartition(b"\n")
    try:
        lines = whole.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return None
    line = next((each for each in lines if each.strip() and not _SEPARATOR_LINE.fullmatch(each)), None)
    if not end or line is None or "\0" in line or line.lstrip().startswith(_NO_TABLE):
        return None
    return None if line.count('"') % 2 or line.count("'") % 2 else line


def _columns(line: str) -> list[str]:
    delimiter = max(_DELIMITERS, key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _stands_in(name: str, line: str) -> bool:
    """Whether the line holds the name, or the one that a number was added to because it came twice."""
    written = name.strip().replace('"', '""')
    return written in line or _NUMBERED.sub("", written) in line


def _unknown(name: str, columns: list[str]) -> SpecProblem:
    shown = ", ".join(f'"{column[:_LONGEST_SHOWN]}"' for column in columns[:_MOST_SHOWN])
    more = ", …" if len(columns) > _MOST_SHOWN else ""
    message = f"The file has no such column. Its header has {shown}{more}.{did_you_mean(name, columns)}"
    return SpecProblem(("target",), "unknown_column", message)
