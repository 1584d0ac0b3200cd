"""Token buckets: a burst of requests, then a fixed rate per minute."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["TokenBuckets"]

MOST_BUCKETS = 10_000
"""When exceeded, the least recently used bucket is dropped, since names may come from clients."""

_MINUTE = 60.0


class TokenBuckets:
    """A bucket of tokens for each name (https://en.wikipedia.org/wiki/Token_bucket), which fills up in a minute.

    It is kept in this process: of several API processes each counts what it is sent. Used from one event loop.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, per_minute: int) -> int:
        """Take a token out of a bucket: 0, or where it is empty the seconds until there is one."""
        left, now = self.left(name, per_minute), self._monotonic()
        if left < 1:
            return math.ceil((1 - left) * _MINUTE / per_minute)
        self._left[name] = (left - 1, now)
        self._left.move_to_end(name)
        if len(self._left) > MOST_BUCKETS:
            self._left.popitem(last=False)
        return 0

    def left(self, name: str, per_minute: int) -> float:
        """Number of tokens in a bucket."""
        now = self._monotonic()
        left, then = self._left.get(name, (float(per_minute), now))
        return min(float(per_minute), left + (now - then) * per_minute / _MINUTE)
