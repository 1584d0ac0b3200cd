"""Identifiers of uploaded data sets: ``ds_`` and a ULID."""

from __future__ import annotations

import re
from datetime import datetime

from service import identifiers

__all__ = ["PATTERN", "is_identifier", "new_identifier"]

_PREFIX = "ds_"

PATTERN = _PREFIX + identifiers.PATTERN
"""Regular expression of an identifier."""

_PATTERN = re.compile(PATTERN)


def new_identifier(now: datetime) -> str:
    """An identifier never given before, for a data set made at this (aware) point in time."""
    return identifiers.new_identifier(_PREFIX, now)


def is_identifier(text: str) -> bool:
    """Whether the text has the form of an identifier; only such a text is worth looking up."""
    return _PATTERN.fullmatch(text) is not None
