"""The lines of a text file: its encoding found out, and never more than a line in memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from service.datasets.parsing.limits import MAX_LINE
from service.datasets.parsing.results import refuse

__all__ = ["find_encoding", "lines_of"]

_BLOCK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
# Half of the bytes of Western text in UTF-16 are NUL, and all of them on one side.
_NUL_SHARE = 0.4


def find_encoding(path: Path, given: str | None) -> str:
    """The encoding of the whole file: by its mark, else UTF-8 where that fits, else Windows' (cp1252).

    A mark goes before what is given. Raises Refused for what is not text.
    """
    with path.open("rb") as file:
        start = file.read(_BLOCK)
    marked = [name for mark, name in _MARKS if start.startswith(mark)]
    encoding = next(iter(marked), given) or _without_nuls(start)
    if encoding is None:
        for known in ("utf-8", "cp1252"):
            if _failure(path, known) is None:
                return known
        encoding = "utf-8"
    if (position := _failure(path, encoding)) is not None:
        raise refuse(
            f"bytes that are not {encoding} around byte {position}",
            "text",
            "Save the file as UTF-8 text, or say which encoding it has.",
        )
    return encoding


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    """The lines with their ends, without a byte order mark; raises Refused for one that is too long."""
    with path.open(encoding=encoding, newline="") as file:
        number, line = 1, file.readline(MAX_LINE).removeprefix("\ufeff")
        while line:
            if len(line) == MAX_LINE:
                raise refuse(
                    f"a line of more than {MAX_LINE:,} characters".replace(",", " "),
                    "lines that end",
                    "Check that this is a CSV file, with one row a line.",
                    row=number,
                )
            yield line
            number, line = number + 1, file.readline(MAX_LINE)


def _without_nuls(start: bytes) -> str | None:
    """UTF-16 by its NULs, None for bytes that may be text; raises Refused for others."""
    form = None
    if b"\0" in start:
        even, odd = (start[side::2].count(0) / max(len(start) // 2, 1) for side in (0, 1))
        if max(even, odd) > _NUL_SHARE and min(even, odd) == 0:
            return "utf-16-be" if even > odd else "utf-16-le"
        form = "binary data"
    if form is None and len(start.translate(None, _CONTROL)) < len(start):
        form = "binary data"
    if form is not None:
        raise refuse(
            form, "CSV, JSON, NPZ or Parquet", "Unpack or export it as one of these, and upload that."
        )
    return None


def _failure(path: Path, encoding: str) -> int | None:
    """Where the file stops being text of this encoding, None where it does not."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return position + error.start
            position += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return position
    return None
