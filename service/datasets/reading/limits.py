"""Size limits of files, checked before memory is allocated, and how much is read at a time."""

from __future__ import annotations

__all__ = [
    "CHUNK_VALUES",
    "MAX_BYTES",
    "MAX_CLASSES",
    "MAX_COLUMNS",
    "MAX_GROUPS",
    "MAX_LEVELS",
    "MAX_LEVELS_NAMED",
    "MAX_LINE",
    "MAX_TEXTS",
    "MAX_VALUES",
    "MOST_NUMBERED_CLASSES",
    "READ_AT_ONCE",
    "SAMPLE_ROWS",
    "is_bomb",
]

MAX_COLUMNS = 65_536
MAX_VALUES = 250_000_000
"""Values of a table or an archive: 2 GB at eight bytes each."""
MAX_BYTES = MAX_VALUES * 8
"""Maximum size of an unpacked file in bytes."""
MAX_LINE = 8_000_000
"""Characters of a line: 120 for each of the maximum number of columns."""
MAX_LEVELS = 100
"""Categories of a column that was not declared categorical."""
MAX_LEVELS_NAMED = 1_000
MAX_CLASSES = 1_000
MAX_GROUPS = 4_096
"""Maximum number of row groups."""
MAX_TEXTS = 100_000
"""Distinct strings of a column that are counted; above this, only that there are more is reported."""
MOST_NUMBERED_CLASSES = 20
"""Different numbers in a target that can still be class labels."""

READ_AT_ONCE = 1 << 20
"""Bytes or characters read from a file at a time."""
CHUNK_VALUES = 200_000
"""Parsed values collected before they become an array."""
SAMPLE_ROWS = 200
"""First rows in which a header or the columns are looked for."""

# Deflate reaches 1,032 on zeros; pictures of digits 5, tables of counts 20.
_BOMB_BYTES = 50_000_000
_BOMB_RATIO = 200


def is_bomb(unpacked: int, packed: int) -> bool:
    """Whether so many bytes, packed into so few, can hardly be data."""
    return unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * max(packed, 1)
