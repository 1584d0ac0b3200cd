"""What is missing before experiments can be queued and trained."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import is_current, utc_now
from service.execution.models import EngineRow

__all__ = ["STALE_SECONDS", "EngineWatch", "missing"]

STALE_SECONDS = 10.0
"""An engine that has not beaten for so long does not count; it beats about every second."""

_ENGINES: Any = EngineRow.__table__


class EngineWatch:
    """Tells engines that beat from those that ended without saying so.

    Whether a beat is recent is measured on this process's own monotonic clock, from the moment the beat changed.
    Only a beat never seen before is compared with the wall clock, so that the first answer is not a guess.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[datetime, float]] = {}

    def count_alive(self, beats: dict[str, datetime]) -> int:
        """How many of the engines, each with its last beat, are alive."""
        with self._lock:
            now = self._monotonic()
            self._seen = {engine: self._noted(engine, beat, now) for engine, beat in beats.items()}
            return sum(now - noted < STALE_SECONDS for _, noted in self._seen.values())

    def _noted(self, engine: str, beat: datetime, now: float) -> tuple[datetime, float]:
        """The beat, and when (on the monotonic clock) it was made as far as is known."""
        before = self._seen.get(engine)
        if before is None:
            age = abs((utc_now() - beat).total_seconds())
            return beat, now - age
        return before if before[0] == beat else (beat, now)


def missing(session: Session, watch: EngineWatch) -> Iterator[tuple[str, str]]:
    """A code and a sentence for everything that is missing; nothing where the service is ready.

    Raises sqlalchemy.exc.OperationalError where the database does not answer.
    """
    if not is_current(session):
        yield "not_migrated", "The database's tables are not those of this version; run: trainyard migrate."
        return
    beats = {row.id: row.beat_at for row in session.execute(sa.select(_ENGINES))}
    if not watch.count_alive(beats):
        yield (
            "no_engine",
            "No engine process beats, so that what is queued would wait; run: trainyard engine.",
        )
