"""When a training is stored."""

from __future__ import annotations

__all__ = ["FLUSH_FACTOR", "FLUSH_SECONDS", "Pace"]

FLUSH_SECONDS = 0.25
FLUSH_FACTOR = 40
"""A flush is not followed by another for so many times its own duration, so that storing stays below 2.5 %."""


class Pace:
    """When to flush next: not before a while, and not so soon that storing takes a noticeable share of the time.

    The shorter of the last two flushes counts: one that waited for a lock or through an outage says nothing about
    the next.
    """

    def __init__(self) -> None:
        self.next_flush = 0.0
        self._last_seconds = 0.0

    def flushed(self, begun: float, ended: float) -> None:
        """Note a flush by the monotonic times of its begin and end."""
        typical = min(self._last_seconds, ended - begun)
        self._last_seconds = ended - begun
        self.next_flush = ended + max(FLUSH_SECONDS, FLUSH_FACTOR * typical)
