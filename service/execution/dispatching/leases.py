"""Leases without clocks in the database: a holder counts up, and an observer times the count."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["LeaseWatch"]

_LONGEST_STEP_SECONDS = 1.0

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Seen:
    counter: int
    idle_seconds: float


class LeaseWatch(Generic[Key]):
    """Time that each counter has been unchanged, by the observer's own monotonic clock.

    Only time in which the observer really looked counts: the gap between two looks counts as one second at
    most, so that neither an outage of the database nor a stopped observer lets a lease expire.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[Key, _Seen] = {}
        self._looked_at: float | None = None

    def observe(self, now: float, counters: Mapping[Key, int]) -> frozenset[Key]:
        """Look at all counters there are at the monotonic time ``now``; the expired ones come back."""
        step = 0.0 if self._looked_at is None else min(now - self._looked_at, _LONGEST_STEP_SECONDS)
        self._looked_at = now
        self._seen = {key: self._look(key, counter, step) for key, counter in counters.items()}
        return frozenset(key for key, seen in self._seen.items() if seen.idle_seconds >= self._seconds)

    def _look(self, key: Key, counter: int, step: float) -> _Seen:
        seen = self._seen.get(key)
        if seen is None or seen.counter != counter:
            return _Seen(counter, 0.0)
        return _Seen(counter, seen.idle_seconds + step)
