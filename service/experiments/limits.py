"""How long the texts of an experiment may be."""

from __future__ import annotations

__all__ = ["MAX_METADATA_KEY", "MAX_METADATA_PAIRS", "MAX_METADATA_VALUE", "MAX_NAME"]

MAX_NAME = 200
MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY = 64
MAX_METADATA_VALUE = 512
