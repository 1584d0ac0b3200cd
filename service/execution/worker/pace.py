"""Pace of flushes."""

from __future__ import annotations

__all__ = ["FLUSH_FACTOR", "FLUSH_SECONDS", "MOST_ROWS", "Pace"]

FLUSH_SECONDS = 0.25
FLUSH_FACTOR = 80
"""Minimum time between flushes as a multiple of the last flush's duration, which keeps storing below 1.3 %.
"""

MOST_ROWS = 4000
"""Maximum number of epochs in a flush, over all lanes: it keeps the intervals from growing without end."""


class Pace:
    """Time of the next flush: after a minimum interval, and late enough to bound the share of time for storing.

    The shorter of the last two flushes counts: one that waited for a lock or through an outage says nothing about
    the next.
    """

    def __init__(self) -> None:
        self._next_flush = 0.0
        self._last_seconds = 0.0

    def is_due(self, now: float, rows: int) -> bool:
        """Whether to flush at the monotonic time ``now``, when there are so many rows to store."""
        return now >= self._next_flush or rows >= MOST_ROWS

    def hurry(self) -> None:
        """Store the next epoch at once: a user waits for the first of a curve."""
        self._next_flush = 0.0

    def flushed(self, begun: float, ended: float) -> None:
        """Note a flush by the monotonic times of its begin and end."""
        typical = min(self._last_seconds, ended - begun)
        self._last_seconds = ended - begun
        self._next_flush = ended + max(FLUSH_SECONDS, FLUSH_FACTOR * typical)
