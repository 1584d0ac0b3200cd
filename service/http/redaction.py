"""Removing the secrets of API keys from text that is logged or shown."""

from __future__ import annotations

import re

from service import identifiers

__all__ = ["redacted"]

_TOKEN = re.compile(rf"(key_{identifiers.PATTERN})\.[A-Za-z0-9_-]+")


def redacted(text: str) -> str:
    """Return the text without the secrets of keys in it, such as one that was put into a URL."""
    return _TOKEN.sub(r"\1.…", text)
