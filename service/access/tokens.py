"""Token of an API key: its identifier and a secret of 256 random bits, separated by a dot.

Only a digest of the secret is stored: HMAC-SHA256 with a pepper outside the database. The secret cannot be guessed,
so a slow hash would only slow down requests.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from service import identifiers

__all__ = ["digest", "fits", "is_key_id", "key_id_of", "new_key_id", "new_token"]

_PREFIX = "key_"
_SECRET_BYTES = 32
_KEY_ID = re.compile(_PREFIX + identifiers.PATTERN)
_TOKEN = re.compile(rf"({_KEY_ID.pattern})\.[A-Za-z0-9_-]{{43}}")


def new_key_id(now: datetime) -> str:
    """An identifier never given before, for a key made at this (aware) point in time."""
    return identifiers.new_identifier(_PREFIX, now)


def is_key_id(text: str) -> bool:
    """Whether the text has the form of a key's identifier."""
    return _KEY_ID.fullmatch(text) is not None


def new_token(key_id: str) -> str:
    """A new token, which is shown only once."""
    return f"{key_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"


def key_id_of(token: str) -> str | None:
    """The key id that a token claims; None if there is none."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else found[1]


def digest(pepper: bytes, token: str) -> str:
    """Digest of a token as stored, 64 hexadecimal digits."""
    return hmac.new(pepper, token.encode("ascii"), hashlib.sha256).hexdigest()


def fits(pepper: bytes, token: str, stored: str) -> bool:
    """Whether this is the token of which that is stored; takes the same time wherever they differ."""
    return hmac.compare_digest(digest(pepper, token), stored)
