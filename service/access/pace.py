"""How fast a caller may ask: so many requests at once, and after them so many a minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

__all__ = ["Pace"]

_MINUTE = 60.0


class Pace:
    """A bucket of requests for each caller (https://en.wikipedia.org/wiki/Token_bucket), which fills up in a minute.

    It is kept in this process: of several API processes each counts what it is sent. Used from one event loop.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, per_minute: int) -> int:
        """Take a request out of a caller's bucket: 0, or where it is empty the seconds until there is one."""
        left, now = self.left(caller, per_minute), self._monotonic()
        if left < 1:
            return math.ceil((1 - left) * _MINUTE / per_minute)
        self._left[caller] = (left - 1, now)
        return 0

    def left(self, caller: str, per_minute: int) -> float:
        """How many requests there are in a caller's bucket."""
        now = self._monotonic()
        left, then = self._left.get(caller, (float(per_minute), now))
        return min(float(per_minute), left + (now - then) * per_minute / _MINUTE)
