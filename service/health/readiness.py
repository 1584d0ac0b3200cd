"""Conditions for queueing and training experiments that are not met."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.health.models import EngineRow
from service.health.presence import Workers
from service.storage.database import Database, is_current, utc_now
from service.storage.disk_space import room_of

__all__ = ["STALE_SECONDS", "EngineWatch", "missing"]

STALE_SECONDS = 10.0
"""Seconds without a heartbeat after which an engine does not count; it beats about every second."""

LOOK_SECONDS = 2.0
CLOSE_SECONDS = 2.0
"""Longest wait for a look at shutdown; a database that does not answer may take longer."""

_ENGINES: Any = EngineRow.__table__


class EngineWatch:
    """Tells engines that beat from those that hang, or that ended without saying so.

    Whether a beat is recent is measured on this process's own monotonic clock. A beat that has changed since the last
    look counts as old as that look. A thread looks every two seconds, so that the first probe after a freeze is right.
    Only a beat never seen before is compared with the wall clock, so that the first answer is not a guess.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._seen: dict[str, tuple[datetime, float]] = {}
        self._looked_at = 0.0
        self._worker_seen_at: float | None = None
        self._thread: threading.Thread | None = None

    def start(self, database: Database) -> None:
        """Look at the engines from now on, until closed."""
        self._thread = threading.Thread(target=self._run, args=[database], name="engines", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more; a look that has begun is waited for, since it holds a connection."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def alive(self, beats: Mapping[str, datetime]) -> frozenset[str]:
        """The engines, each with its last heartbeat, that are alive."""
        with self._lock:
            now = self._monotonic()
            self._seen = {engine: self._noted(engine, beat, now) for engine, beat in beats.items()}
            self._looked_at = now
            return frozenset(
                engine for engine, (_, noted) in self._seen.items() if now - noted < STALE_SECONDS
            )

    def look(self, session: Session) -> Workers:
        """Workers that could start an experiment now."""
        rows = session.execute(sa.select(_ENGINES.c.id, _ENGINES.c.beat_at, _ENGINES.c.slots)).all()
        alive = self.alive({row.id: row.beat_at for row in rows})
        count = sum(row.slots for row in rows if row.id in alive)
        with self._lock:
            now = self._monotonic()
            if count:
                self._worker_seen_at = now
            if not alive:
                last = max((noted for _, noted in self._seen.values()), default=now)
                return Workers(0, engine_silent_seconds=now - last)
            seen_at = now if self._worker_seen_at is None else self._worker_seen_at
            return Workers(count, worker_silent_seconds=None if count else now - seen_at)

    def _run(self, database: Database) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            with contextlib.suppress(SQLAlchemyError), database.reading() as session:
                self.look(session)

    def _noted(self, engine: str, beat: datetime, now: float) -> tuple[datetime, float]:
        """The beat, and when (on the monotonic clock) it was made at the latest, as far as is known."""
        before = self._seen.get(engine)
        if before is None:
            age = abs((utc_now() - beat).total_seconds())
            return beat, now - age
        return before if before[0] == beat else (beat, self._looked_at)


def _beats(session: Session) -> dict[str, datetime]:
    return {row.id: row.beat_at for row in session.execute(sa.select(_ENGINES.c.id, _ENGINES.c.beat_at))}


def missing(session: Session, watch: EngineWatch, database: Database) -> Iterator[tuple[str, str]]:
    """A code and a sentence for everything that is missing; nothing if the service is ready.

    Raises sqlalchemy.exc.OperationalError where the database does not answer.
    """
    if not is_current(session):
        yield "not_migrated", "The database schema is not the one of this version; run: trainyard migrate."
        return
    room = room_of(database)
    if room is not None and (wanted := room.missing):
        yield "disk_full", wanted
    slots = {row.id: row.slots for row in session.execute(sa.select(_ENGINES.c.id, _ENGINES.c.slots))}
    alive = watch.alive(_beats(session))
    if not alive:
        yield (
            "no_engine",
            "No engine is running, so queued experiments would wait; run: trainyard engine.",
        )
    elif not any(slots.get(engine) for engine in alive):
        yield (
            "no_worker",
            (
                "No worker is available, so queued experiments would wait; if this lasts, see the engine's "
                "log."
            ),
        )
