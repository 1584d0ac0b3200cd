"""Length limits of an experiment's texts, and bounds of its numbers."""

from __future__ import annotations

__all__ = [
    "MAX_METADATA_KEY",
    "MAX_METADATA_PAIRS",
    "MAX_METADATA_VALUE",
    "MAX_NAME",
    "MAX_PRIORITY",
    "MIN_PRIORITY",
]

MAX_NAME = 200
MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY = 64
MAX_METADATA_VALUE = 512
MIN_PRIORITY, MAX_PRIORITY = -100, 100
