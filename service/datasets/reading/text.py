"""Lines of a text file: detects the encoding and holds one line in memory at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from service.datasets.reading.limits import MAX_LINE, READ_AT_ONCE
from service.datasets.reading.other_encodings import first_foreign_line, mixture, other_readings
from service.datasets.reading.results import DatasetWarning, refuse, shown
from service.datasets.reading.scanning import Scan, count_controls, scan

__all__ = ["find_encoding", "lines_of"]

# Longer marks first, as one begins like another.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_GUESS = "cp1252"
_OPTION = "#/options/encoding"
_LONGEST_LOOK = 1 << 14
# Half of the bytes of Western text in UTF-16 are NUL.
_NUL_SHARE = 0.4
# Random bytes have one control character in nine; a text has hardly any.
_BINARY_SHARE = 0.05
_BINARY_SHARE_OF_UTF_8 = 0.3
_NULS = re.compile("\0+")
_EOF_MARK = "\x1a"


def find_encoding(path: Path, given: str | None) -> tuple[str, list[DatasetWarning]]:
    """The encoding of the whole file, and warnings about its text.

    A byte order mark goes before what is given. Without either the text is UTF-8, UTF-16 or UTF-32 where that fits,
    else Windows-1252, which is said to be a guess. Raises Refused for what is not text.
    """
    with path.open("rb") as file:
        start = file.read(READ_AT_ONCE)
    marked = _marked(start)
    if marked is not None:
        return marked, [*_overruled(marked, given), *_odd_characters(_checked(path, marked, is_marked=True))]
    wide = _wide(start)
    if given is not None:
        return _as_given(path, given, wide, has_nul=b"\0" in start)
    if wide is not None and (found := scan(path, wide)).failure is None:
        return wide, _odd_characters(_without_nul(found))
    _check_binary(start)
    found = scan(path, "utf-8")
    if found.failure is None:
        return "utf-8", _odd_characters(_without_nul(found))
    return _GUESS, _guessed(path)


def _as_given(path: Path, given: str, wide: str | None, *, has_nul: bool) -> tuple[str, list[DatasetWarning]]:
    """The encoding that was given, in its full name, and warnings; raises Refused if it is not that."""
    is_wide = given.startswith(("utf-16", "utf-32"))
    if (is_wide and not has_nul) or (wide is not None and not wide.startswith(given)):
        advice = f'Omit the encoding, or set "encoding": "{wide}".' if wide else "Omit the encoding."
        raise refuse(f"text that looks like {wide or 'one byte a character'}", f"{given} text", advice)
    encoding = wide or (f"{given}-le" if given in {"utf-16", "utf-32"} else given)
    warnings = _odd_characters(_checked(path, encoding))
    foreign = None if is_wide or given == "utf-8" else first_foreign_line(path)
    if foreign is not None and scan(path, "utf-8").failure is None:
        number, raw = foreign
        message = (
            f"The file was read as {given}, as requested, but is also valid UTF-8: line {number} reads "
            f"{shown(raw.decode(given, 'replace'))}, and as UTF-8 {shown(raw.decode('utf-8', 'replace'))}."
        )
        warnings.insert(0, DatasetWarning("encoding_doubtful", _OPTION, message))
    return encoding, warnings


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    """The lines with their ends, without a byte order mark; raises Refused for one that is too long."""
    with path.open(encoding=encoding, newline="") as file:
        number, line = 1, file.readline(MAX_LINE).removeprefix("\ufeff")
        while line:
            if len(line) == MAX_LINE:
                raise refuse(
                    f"a line of more than {MAX_LINE:,} characters".replace(",", " "),
                    "shorter lines",
                    "Check that this is a CSV file with one row per line.",
                    row=number,
                )
            # DOS ended files with this character, on a separate line.
            yield "\n" if line.strip() == _EOF_MARK else line
            number, line = number + 1, file.readline(MAX_LINE)


def _marked(start: bytes) -> str | None:
    """The encoding by the byte order mark. Without a NUL two bytes that look like one are letters of another."""
    found = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    return None if found in _WIDE and b"\0" not in start else found


def _overruled(marked: str, given: str | None) -> list[DatasetWarning]:
    if given is None or given == marked or (given in {"utf-16", "utf-32"} and marked.startswith(given)):
        return []
    message = f"The file begins with the byte order mark of {marked} and was read as such, not as {given}."
    return [DatasetWarning("encoding_overruled", _OPTION, message)]


def _wide(start: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: the one in which the beginning is text, with the most ASCII characters."""
    some = start[:_LONGEST_LOOK]
    if b"\0" not in some:
        return None
    others = some.replace(b"\0", b"")
    if (
        others.isascii()
        and not count_controls(others.decode("ascii"))
        and 1 - len(others) / len(some) < _NUL_SHARE
    ):
        return None
    texts = {name: _decoded(some, name) or "" for name in _WIDE}
    plain = {name: sum(map(str.isascii, text)) for name, text in texts.items() if _is_table(text)}
    return max(plain, key=lambda name: plain[name], default=None)


def _is_table(text: str) -> bool:
    """Whether this may be the beginning of a table: assigned characters, and signs that lay it out."""
    is_text = all(each.isprintable() or each.isspace() or each in "\ufeff\u200b" for each in text)
    return is_text and not set(text).isdisjoint("\r\n[{")


def _decoded(start: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return None


def _check_binary(start: bytes) -> None:
    """Raise Refused for bytes that are no text in any encoding."""
    some = start.rstrip(b"\0") or start
    share = (count_controls(some.decode("latin-1")) + some.count(b"\0")) / max(len(some), 1)
    if share > (_BINARY_SHARE if _decoded(some, "utf-8") is None else _BINARY_SHARE_OF_UTF_8):
        raise refuse(
            "binary data", "CSV, JSON, NPZ or Parquet", "Export it as one of these, and upload that."
        )


def _checked(path: Path, encoding: str, *, is_marked: bool = False) -> Scan:
    """Check a text against this encoding; raises Refused if it does not match."""
    found = scan(path, encoding)
    if found.failure is not None:
        advice = (
            f"Omit the encoding to have it detected, or set another one. {other_readings(path, encoding)}"
        )
        if is_marked:
            advice = (
                f"The byte order mark says {encoding}, so the file is damaged or truncated: write it again."
            )
        raise refuse(
            f"bytes that are not {encoding}: {found.failure.text}",
            f"{encoding} text",
            advice.strip(),
            row=found.failure.line,
        )
    return _without_nul(found)


def _without_nul(found: Scan) -> Scan:
    """The same; raises Refused for NUL characters, which no table has and no database holds."""
    if found.nul is not None:
        place = shown(_NULS.sub("\0", found.nul.text))
        raise refuse(
            f"{found.nuls} NUL character{'s' * (found.nuls != 1)}, the first in {place}",
            "text without NUL",
            "The file may be damaged or only partly written: write it again, or remove them (tr -d "
            "'\\\\000').",
            row=found.nul.line,
        )
    return found


def _odd_characters(found: Scan) -> list[DatasetWarning]:
    """Warnings about what is in a text, but hardly meant to be."""
    warnings = []
    if found.odd is not None:
        kind = "replacement" if found.odd_character == "\ufffd" else "control"
        hint = " Japanese text in iso2022_jp contains these; set it as the encoding." * (
            found.odd_character == "\x1b"
        )
        message = (
            f"Line {found.odd.line} contains the {kind} character U+{ord(found.odd_character):04X}, which "
            f"was kept: {shown(found.odd.text)}.{hint}"
        )
        warnings.append(DatasetWarning("odd_character", None, message))
    if found.twice is not None:
        message = (
            f"Line {found.twice.line} reads {shown(found.twice.text)}, as if UTF-8 had been decoded as "
            "Windows-1252 and saved again; if so, export the file again from its source."
        )
        warnings.append(DatasetWarning("encoded_twice", None, message))
    return warnings


def _guessed(path: Path) -> list[DatasetWarning]:
    """Warnings about a file that is no UTF and may be Windows-1252; raises Refused if it is neither."""
    if (mixed := mixture(path)) is not None:
        utf_8, other = mixed
        raise refuse(
            f"line {utf_8.line} in UTF-8 ({shown(utf_8.text)}), and line {other.line} in another encoding",
            "one encoding",
            (
                'Save the whole file as UTF-8, or set "encoding" to the file\'s single encoding. '
                f"{other_readings(path, 'utf-8')}"
            ).strip(),
            row=other.line,
        )
    found = scan(path, _GUESS)
    if found.failure is not None:
        raise refuse(
            f"bytes that are neither UTF-8 nor Windows-1252: {found.failure.text}",
            "text",
            (
                'Set "encoding" to the one it was written in, or save it as UTF-8. '
                f"{other_readings(path, _GUESS)}"
            ).strip(),
            row=found.failure.line,
        )
    number, raw = first_foreign_line(path) or (1, b"")
    message = (
        f"The file is not UTF-8, and {_GUESS} was guessed: line {number} reads "
        f'{shown(raw.decode(_GUESS, "replace"))}. If that is wrong, set "encoding". '
        f"{other_readings(path, 'utf-8', _GUESS)}"
    )
    guess = DatasetWarning("encoding_guessed", _OPTION, message.strip())
    return [guess, *_odd_characters(_without_nul(found))]
