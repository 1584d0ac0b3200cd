"""Report a worker's flushes to operators: added to the row of its host every few seconds."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.execution.memory import own_memory_bytes
from service.health.models import WorkerHostRow
from service.storage.database import Database, utc_now

__all__ = ["Reporter", "record_host"]

REPORT_SECONDS = 5.0
"""Time between reports while there is news. A worker that is killed takes the counts since its last report with it."""

QUIET_SECONDS = 60.0
"""Time between reports without news."""

_SILENCE = timedelta(days=1)
_HOSTS: Any = WorkerHostRow.__table__
_ADDED = ("flushes", "flush_seconds", "replacements")


class Reporter:
    """Reports of one worker process, whose data sets lie in ``cache``."""

    def __init__(self, database: Database, cache: Path) -> None:
        self._database = database
        self._cache = cache
        self._counting = threading.Lock()
        self._counts = dict.fromkeys(_ADDED, 0.0)
        self._idle_bytes: int | None = None
        self._ended = threading.Event()

    def start(self, *, replaces: bool) -> None:
        """Report from a thread from now on; ``replaces`` says that this process took the place of one that died.

        Called before the first training: what the process uses now is the memory of an idle worker.
        """
        self._idle_bytes = own_memory_bytes(os.getpid()) or None
        self._count(replacements=int(replaces))
        threading.Thread(target=self._run, name="reports", daemon=True).start()

    def close(self) -> None:
        """Report no more."""
        self._ended.set()

    def flushed(self, seconds: float) -> None:
        """Count a flush and how long it took."""
        self._count(flushes=1, flush_seconds=seconds)

    def report(self) -> None:
        """Add what was counted since the last report to the host's row; keep it if the database does not answer."""
        with self._counting:
            counts, self._counts = self._counts, dict.fromkeys(_ADDED, 0.0)
        try:
            with self._database.transaction() as session:
                record_host(
                    session,
                    hostname=socket.gethostname(),
                    cache_bytes=_size(self._cache),
                    idle_bytes=self._idle_bytes,
                    **counts,
                )
        except BaseException:
            self._count(**counts)
            raise

    def _count(self, **counts: float) -> None:
        with self._counting:
            for name, count in counts.items():
                self._counts[name] += count

    def _run(self) -> None:
        reported: float | None = None
        while True:
            due = reported is None or time.monotonic() - reported >= QUIET_SECONDS
            if due or any(self._counts.values()):
                # The training thread logs that the database is unavailable.
                with contextlib.suppress(SQLAlchemyError):
                    self.report()
                    reported = time.monotonic()
            if self._ended.wait(REPORT_SECONDS):
                return


def record_host(session: Session, **values: Any) -> None:
    """Add to the counts of a host and replace its sizes; forget hosts that have said nothing for a day."""
    now = utc_now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(_HOSTS).values(reported_at=now, **values)
    news = {name: _HOSTS.c[name] + added.excluded[name] for name in _ADDED}
    news |= {name: added.excluded[name] for name in ("reported_at", "cache_bytes", "idle_bytes")}
    session.execute(added.on_conflict_do_update(index_elements=["hostname"], set_=news))
    session.execute(sa.delete(_HOSTS).where(_HOSTS.c.reported_at < now - _SILENCE))


def _size(folder: Path) -> int:
    """Bytes of the files in a folder, those left out that another worker has just removed."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += Path(place, name).stat().st_size
    return size
