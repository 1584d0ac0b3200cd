"""When a training is stored."""

from __future__ import annotations

__all__ = ["FLUSH_FACTOR", "FLUSH_SECONDS", "MOST_EPOCHS", "Pace"]

FLUSH_SECONDS = 0.25
FLUSH_FACTOR = 40
"""A flush is not followed by another for so many times its own duration, so that storing stays below 2.5 %."""

MOST_EPOCHS = 2000
"""No flush has more epochs: where storing them takes longer than the pause allows, pauses would grow for ever."""


class Pace:
    """When to flush next: not before a while, and not so soon that storing takes a noticeable share of the time.

    The shorter of the last two flushes counts: one that waited for a lock or through an outage says nothing about
    the next.
    """

    def __init__(self) -> None:
        self._next_flush = 0.0
        self._last_seconds = 0.0

    def is_due(self, now: float, epochs: int) -> bool:
        """Whether to flush at the monotonic time ``now``, so many epochs after the last time."""
        return now >= self._next_flush or epochs >= MOST_EPOCHS

    def flushed(self, begun: float, ended: float) -> None:
        """Note a flush by the monotonic times of its begin and end."""
        typical = min(self._last_seconds, ended - begun)
        self._last_seconds = ended - begun
        self._next_flush = ended + max(FLUSH_SECONDS, FLUSH_FACTOR * typical)
