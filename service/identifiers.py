"""Identifiers: a prefix that names the type, and a ULID, which sorts by time of creation.

A ULID is 48 bits of milliseconds since 1970 and 80 random bits, in 26 characters of Crockford's base 32
(https://github.com/ulid/spec).
"""

from __future__ import annotations

import secrets
from datetime import datetime

__all__ = ["PATTERN", "new_identifier"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26

PATTERN = rf"[0-7][{_ALPHABET}]{{{_LENGTH - 1}}}"
"""Regular expression of the part after the prefix."""


def new_identifier(prefix: str, now: datetime) -> str:
    """An identifier never given before, for something made at this (aware) point in time."""
    bits = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return prefix + "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_LENGTH)))
