"""Keyset pagination: a page starts after the last row of the previous page, whatever changed since.

A cursor is opaque to clients. It holds the position of a row in the order ``(created_at, id)`` and the
direction it was read in; it is checked like any other input, never trusted.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from service.errors import InvalidParameter

__all__ = [
    "MOST_COUNTED",
    "NEWEST_FIRST",
    "OLDEST_FIRST",
    "Page",
    "Position",
    "decode_cursor",
    "encode_cursor",
    "page_of",
]

NEWEST_FIRST: Final = "-created_at"
OLDEST_FIRST: Final = "created_at"

_LONGEST_CURSOR = 256
_IDENTIFIER = re.compile("[a-z]{1,16}_[0-9A-Z]{26}")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Position:
    """A row's place in the order of creation."""

    created_at: datetime
    id: str


MOST_COUNTED = 10_000
"""Maximum number of rows that are counted for a list's total."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows; ``next`` is the cursor of the page after it, None at the end."""

    items: Sequence[Item]
    next: str | None
    total: int | None = None
    """Items in all pages; None if not counted or beyond the limit."""


def page_of(
    find: Callable[..., Sequence[Any]],
    count: Callable[[], int | None],
    *,
    sort: str,
    limit: int,
    after: str | None,
) -> Page[Any]:
    """Return the page that follows a cursor; raises InvalidParameter for a cursor that was not given out.

    ``find`` returns the rows that come ``after`` a position, at most ``limit`` of them. ``count`` is called unless the
    page holds every row.
    """
    position = None if after is None else decode_cursor(after, sort)
    rows = find(after=position, limit=limit + 1)
    shown, following = rows[:limit], None
    if len(rows) > limit:
        following = encode_cursor(Position(shown[-1].created_at, shown[-1].id), sort)
    is_whole = after is None and following is None
    return Page(shown, following, len(shown) if is_whole else count())


def encode_cursor(position: Position, sort: str) -> str:
    """The cursor that continues after this position in this direction."""
    content = json.dumps(
        [sort, position.created_at.astimezone(UTC).isoformat(), position.id], separators=(",", ":")
    )
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str) -> Position:
    """The position a cursor stands for; raises InvalidParameter for anything that was not given out as one."""
    position = _read(cursor, sort)
    if position is None:
        message = 'Not the "next" of a list in the same order; start without "after".'
        raise InvalidParameter("after", "invalid_cursor", message)
    return position


def _read(cursor: str, sort: str) -> Position | None:
    if len(cursor) > _LONGEST_CURSOR:
        return None
    try:
        padding = "=" * (-len(cursor) % 4)
        content: Any = json.loads(base64.b64decode(cursor + padding, altchars=b"-_", validate=True))
        given_sort, created_at, identifier = content
        position = Position(datetime.fromisoformat(created_at), identifier)
        is_identifier = _IDENTIFIER.fullmatch(identifier) is not None
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    # Not every other text can be looked for, nor every other time zone's points in time turned into UTC.
    fits = given_sort == sort and is_identifier and position.created_at.utcoffset() == timedelta(0)
    # What is not spelled exactly as it was given out is not ours, whatever else it may decode to.
    return position if fits and encode_cursor(position, sort) == cursor else None
