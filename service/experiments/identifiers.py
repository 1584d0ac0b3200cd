"""Identifiers of experiments: ``exp_`` and a ULID, so that they sort by the time they were made.

A ULID is 48 bits of milliseconds since 1970 and 80 random bits, in 26 characters of Crockford's base 32
(https://github.com/ulid/spec).
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

__all__ = ["is_identifier", "new_identifier"]

_PREFIX = "exp_"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_PATTERN = re.compile(rf"{_PREFIX}[0-7][{_ALPHABET}]{{{_LENGTH - 1}}}")


def new_identifier(now: datetime) -> str:
    """An identifier never given before, for an experiment made at this (aware) point in time."""
    bits = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return _PREFIX + "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_LENGTH)))


def is_identifier(text: str) -> bool:
    """Whether the text has the form of an identifier; only such a text is worth looking up."""
    return _PATTERN.fullmatch(text) is not None
