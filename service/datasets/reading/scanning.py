"""Scan a text once: for the first byte outside its encoding, and for characters no table should have."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from service.datasets.reading.limits import READ_AT_ONCE

__all__ = ["Place", "Scan", "count_breaks", "count_controls", "scan"]

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1a")) + b"\x7f"
_ODD = re.compile("[\x01-\x08\x0b\x0e-\x19\x1b-\x1f\x7f-\x9f\ufffd]")
_AROUND = 30
# The bytes 80 to BF of UTF-8 when decoded as Windows-1252.
_TRAIL = "[\x80-\xbf" + "".join(bytes([each]).decode("cp1252", "ignore") for each in range(0x80, 0xA0)) + "]"
# A character set comes first, which makes the search fast.
_MAY_BE_TWICE = re.compile(f"[\xc2\xc3\xce-\xd1\xd7-\xd9\xe2-\xe9\xf0]{_TRAIL}")
_TWICE_ENCODED = re.compile(
    f"[\xc2\xc3]{_TRAIL}|(?:[\xce-\xd1\xd7-\xd9]{_TRAIL}){{2,}}|\xe2{_TRAIL}{{2}}"
    f"|(?:[\xe3-\xe9]{_TRAIL}{{2}}){{2,}}|\xf0{_TRAIL}{{3}}"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A line, and what stands there."""

    line: int
    text: str


@dataclass(slots=True)
class Scan:
    """First findings of a scan: undecodable bytes, NUL, other odd characters, and text encoded twice."""

    failure: Place | None = None
    nul: Place | None = None
    odd: Place | None = None
    odd_character: str = ""
    twice: Place | None = None
    nuls: int = 0


def scan(path: Path, encoding: str) -> Scan:
    """Read the whole file as text of this encoding, and stop where it is none."""
    found, line = Scan(), 1
    decoder = codecs.getincrementaldecoder(encoding)()
    ended = after_return = False
    with path.open("rb") as file:
        while not ended:
            block = file.read(READ_AT_ONCE)
            ended = not block
            try:
                text = decoder.decode(block, final=ended)
            except UnicodeError as error:
                found.failure = _failure(error, line, encoding)
                return found
            # The two characters of one line end may stand in two blocks.
            line -= after_return and text.startswith("\n")
            _look_at(found, text, line)
            line += count_breaks(text)
            after_return = text.endswith("\r") if text else after_return
    return found


def count_breaks(text: str) -> int:
    """Number of line ends in the text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def count_controls(text: str) -> int:
    """Number of control characters, without those of text layout."""
    return sum(text.count(chr(each)) for each in _CONTROLS)


def _is_utf_8(text: str) -> bool:
    """Whether the bytes that Windows-1252 reads as this are UTF-8."""
    try:
        b"".join(map(_byte, text)).decode("utf-8")
    except UnicodeError:
        return False
    return True


def _byte(character: str) -> bytes:
    """The byte that Windows-1252 reads as this; it leaves some control characters as they are."""
    return character.encode("latin-1" if unicodedata.category(character) == "Cc" else "cp1252")


def _look_at(found: Scan, text: str, line: int) -> None:
    if "\0" in text:
        found.nuls += text.count("\0")
        found.nul = found.nul or _place(text, text.index("\0"), line)
    if found.odd is None and (match := _ODD.search(text)) is not None:
        found.odd, found.odd_character = _place(text, match.start(), line), match[0]
    if found.twice is None and not text.isascii():
        starts = (match.start() for match in _MAY_BE_TWICE.finditer(text))
        if (start := next((start for start in starts if _is_twice(text, start)), None)) is not None:
            found.twice = _place(text, start, line)


def _is_twice(text: str, start: int) -> bool:
    """Whether the text that begins here was encoded twice."""
    match = _TWICE_ENCODED.match(text, start)
    return match is not None and _is_utf_8(match[0])


def _place(text: str, position: int, line: int) -> Place:
    """The line of a position, and a part of it around that."""
    start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    part = re.split("[\r\n]", text[max(start, position - _AROUND) : position + _AROUND], maxsplit=1)[0]
    return Place(line + count_breaks(text[:start]), part)


def _failure(error: UnicodeError, line: int, encoding: str) -> Place:
    """The place and value of undecodable bytes."""
    if not isinstance(error, UnicodeDecodeError):
        return Place(line, str(error))
    good = bytes(error.object[: error.start]).decode(encoding, "ignore")
    wrong = bytes(error.object[error.start : max(error.end, error.start + 1)])[:4]
    return Place(line + count_breaks(good), wrong.hex(" ") or "an end within a character")
