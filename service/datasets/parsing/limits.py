"""How much a file may hold; what is larger is refused before there is memory for it."""

from __future__ import annotations

__all__ = [
    "MAX_CLASSES",
    "MAX_COLUMNS",
    "MAX_GROUPS",
    "MAX_LEVELS",
    "MAX_LEVELS_NAMED",
    "MAX_LINE",
    "MAX_TEXTS",
    "MAX_VALUES",
]

MAX_COLUMNS = 65_536
MAX_VALUES = 250_000_000
"""Values of a table or an archive: 2 GB where each takes eight bytes."""
MAX_LINE = 8_000_000
"""Characters of a line: 120 for each of the most columns."""
MAX_LEVELS = 100
"""Categories of a column that was not named as categorical."""
MAX_LEVELS_NAMED = 1_000
MAX_CLASSES = 1_000
MAX_GROUPS = 4_096
"""Groups of rows that are told apart."""
MAX_TEXTS = 100_000
"""Different texts of a column that are counted before it is enough to say that there are more."""
