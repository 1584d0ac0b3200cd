"""Show how bytes that are not UTF-8 read in other encodings, for the user to choose."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from service.datasets.reading.limits import READ_AT_ONCE
from service.datasets.reading.results import shown
from service.datasets.reading.scanning import Place, count_breaks, scan

__all__ = ["first_foreign_line", "mixture", "other_readings"]

_LONGEST_LINE = 200
_MOST = 6
_CANDIDATES = (
    *("cp1251", "koi8-r", "cp932", "gb18030", "big5", "euc_kr", "euc_jp", "cp866", "cp1250", "cp1253", "iso8859-7"),
    *("cp1254", "cp1255", "cp1256", "cp874", "cp1257", "cp1258", "mac-roman", "cp850", "cp1252", "iso8859-2"),
)  # fmt: skip
_HIGH = re.compile(rb"[\x80-\xff]")
_RUN = re.compile(rb"[\x80-\xff]+")
# With fewer of them the valid ones may be chance: “É” in Windows-1252 is also UTF-8.
_SHARE_OF_UTF_8 = 0.1
_LAST_USUAL_LETTER = "\u017f"
_USUAL_SIGNS = "\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u20ac"
_FIRST_IDEOGRAPH = 0x3040
_PUNCTUATION = {"Mn", "Pd", "Pi", "Pf", "Po", "Zs"}
_WORD = re.compile(r"[^\W\d_]+")


def first_foreign_line(path: Path) -> tuple[int, bytes] | None:
    """The first line with bytes beyond ASCII, and its number."""
    line = 1
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            if (match := _HIGH.search(block)) is None:
                line += count_breaks(block.decode("ascii"))
                continue
            before = block[: match.start()].decode("ascii")
            start = max(before.rfind("\n"), before.rfind("\r")) + 1
            content = block[max(start, match.start() - _LONGEST_LINE) :] + file.read(_LONGEST_LINE)
            return line + count_breaks(before), re.split(rb"[\r\n]", content, maxsplit=1)[0]
    return None


def other_readings(path: Path, refused: str, guess: str | None = None) -> str:
    """Encodings in which the file may be text, with the first line beyond ASCII as each reads it; may be empty."""
    found = first_foreign_line(path)
    if found is None:
        return ""
    number, raw = found
    readings: dict[str, str] = {}
    guessed = None if guess is None else _read(raw, guess)
    for encoding in _CANDIDATES:
        text = None if encoding in {refused, guess} else _read(raw, encoding)
        if text is not None and text != guessed and text not in readings and _is_likely(text):
            readings[text] = encoding
    likely = sorted(readings, key=_oddity)
    good = [text for text in likely if scan(path, readings[text]).failure is None][:_MOST]
    if not good:
        return ""
    listed = ", ".join(f"as {readings[text]} {shown(text)}" for text in good)
    return f"Line {number} reads {listed}."


def mixture(path: Path) -> tuple[Place, Place] | None:
    """A place in UTF-8 and one in another encoding, if more of the file is UTF-8 than chance would have it."""
    counts = [0, 0]
    places: list[Place | None] = [None, None]
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(READ_AT_ONCE), b""), start=1):
            for run in [] if line.isascii() else _RUN.findall(line):
                text = _read(run, "utf-8")
                is_utf_8 = text is not None and _is_usual(text)
                counts[is_utf_8] += 1
                if places[is_utf_8] is None:
                    places[is_utf_8] = Place(number, text or "")
    other, utf_8 = places
    if other is None or utf_8 is None or counts[1] < _SHARE_OF_UTF_8 * sum(counts):
        return None
    return utf_8, other


def _read(raw: bytes, encoding: str) -> str | None:
    """The bytes as text; a character that is cut at the end does not count."""
    for end in (len(raw), len(raw) - 1):
        try:
            return raw[:end].decode(encoding)
        except UnicodeDecodeError:
            if len(raw) < _LONGEST_LINE:
                break
    return None


def _is_likely(text: str) -> bool:
    """Whether what is beyond ASCII are letters, and no word mixes scripts."""
    foreign = [each for each in text if not each.isascii()]
    if "\0" in text or any(
        not each.isalnum() and unicodedata.category(each) not in _PUNCTUATION for each in foreign
    ):
        return False
    words = [set(map(_script, word)) for word in _WORD.findall(text)]
    return sum(map(str.isalpha, foreign)) * 2 >= len(foreign) and all(len(scripts) == 1 for scripts in words)


def _is_usual(text: str) -> bool:
    """Whether this is more than the chance that two letters of another encoding are a rare one in UTF-8."""
    return (
        len(text) > 1 or text <= _LAST_USUAL_LETTER or text in _USUAL_SIGNS or ord(text) >= _FIRST_IDEOGRAPH
    )


def _script(letter: str) -> str:
    """The script of a letter; Chinese characters, kana and bopomofo may stand in one word."""
    name = unicodedata.name(letter, "?").split()[0]
    return "CJK" if name in {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH"} else name


def _oddity(text: str) -> int:
    """Measure of how little the text looks like language: capitals after small letters, and narrow kana."""
    capitals = sum(before.islower() and after.isupper() for before, after in pairwise(text))
    return capitals + sum("\uff61" <= each <= "\uff9f" for each in text)
