"""How much of the database an owner's checkpoints and data sets take, as far as anybody has to know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from service.database import Database
from service.quotas import repository

__all__ = ["Meter"]

KEPT_SECONDS = 5.0
"""So long a reading is good for: to add up a great many takes a while."""

_SHARE = 20


@dataclass(frozen=True, slots=True)
class _Reading:
    bytes: int
    good_until: float


class Meter:
    """Adds up what an owner has stored in a thread, and remembers the sum for a moment. Used from one event loop.

    A sum that took long is remembered the longer, so that no more than a twentieth of the time goes into adding up.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._readings: dict[str, _Reading] = {}
        self._lock = asyncio.Lock()

    async def stored_bytes(self, owner: str) -> int:
        """The size of all that the owner has stored, a moment ago."""
        async with self._lock:
            reading = self._readings.get(owner)
            if reading is None or reading.good_until <= self._monotonic():
                begun = self._monotonic()
                stored = await run_in_threadpool(self._add_up, owner)
                now = self._monotonic()
                reading = _Reading(stored, now + max(KEPT_SECONDS, _SHARE * (now - begun)))
                self._readings[owner] = reading
            return reading.bytes

    def _add_up(self, owner: str) -> int:
        with self._database.reading() as session:
            return repository.stored_bytes(session, owner)
