"""Names of text encodings: every one that Python knows, normalized."""

from __future__ import annotations

import codecs
import encodings
import functools
import pkgutil
from dataclasses import dataclass
from encodings.aliases import aliases
from typing import Any

from engine.errors import did_you_mean
from engine.spec.rules import problem

__all__ = ["Encoding"]

_MOST = 64
# Codecs that are no encoding of a text file, whatever Python files them under.
_NO_ENCODINGS = {
    *("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "charmap", "mbcs", "oem"),
    *(
        "aliases",
        "rot_13",
        "base64_codec",
        "bz2_codec",
        "hex_codec",
        "quopri_codec",
        "uu_codec",
        "zlib_codec",
    ),
}
# ASCII is a part of UTF-8, and what calls itself Latin-1 is Windows-1252, as web browsers read it.
_READ_AS = {"ascii": "utf-8", "utf-8-sig": "utf-8", "iso8859-1": "cp1252"}
_COMMON = (
    "utf-8",
    "utf-16",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8-r",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_kr",
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The name of a text encoding; the value is Python's own spelling of it."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= _MOST:
            raise problem("type", f"Must be the name of a text encoding, such as {', '.join(_COMMON)}.")
        module = _modules().get(_key(value))
        if module is None:
            hint = did_you_mean(value, _COMMON) or did_you_mean(_key(value), [*_modules()])
            raise problem("choice", f"Unknown encoding. Examples: {', '.join(_COMMON)}.{hint}")
        if module in _NO_ENCODINGS:
            raise problem(
                "choice", f"{value} is not a text encoding; choose one such as {', '.join(_COMMON)}."
            )
        name = codecs.lookup(module).name
        return _READ_AS.get(name, name)


@functools.cache
def _modules() -> dict[str, str]:
    """The codec of every known name; only these are ever looked up, as Python remembers each name it has tried."""
    known = {module.name: module.name for module in pkgutil.iter_modules(encodings.__path__)}
    return {_key(name): module for name, module in (aliases | known).items()}


def _key(name: str) -> str:
    """A name without what spellings differ in, also without the x- and win- of older programs."""
    plain = "".join(each for each in name.lower() if each.isascii() and each.isalnum())
    plain = plain.removeprefix("cs").removeprefix("x") if plain not in aliases else plain
    if plain.startswith("win") and plain[3:].isdecimal():
        return f"cp{plain[3:]}"
    return plain
