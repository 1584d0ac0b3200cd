"""Heartbeat thread: keeps the lease during long epochs and receives users' requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import DBAPIError

from service.execution.ledger import writes
from service.execution.outage import Outage
from service.execution.worker.work import QUIET, Lease
from service.storage.database import Database

__all__ = ["Heartbeat"]

LISTEN_SECONDS = 0.25
BEAT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Heartbeat:
    """Runs as a context manager around a training.

    ``wishes`` says what users wanted of the watched experiments when it last looked. Once ``stopping`` is set and
    the training has not looked for some time, the thread hands everything back itself, as it was at the last flush.
    """

    def __init__(
        self, database: Database, dispatch_id: str, stopping: threading.Event, patience_seconds: float
    ) -> None:
        self._database = database
        self.dispatch_id = dispatch_id
        self._leases: tuple[Lease, ...] = ()
        self._stopping = stopping
        self._patience_seconds = patience_seconds
        self._ended = threading.Event()
        self._outage = Outage("the database")
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self.wishes = QUIET

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def watch(self, leases: Sequence[Lease]) -> None:
        """Keep these from now on, and no others."""
        self._leases = tuple(leases)

    def joined(self) -> None:
        """Forget that others were to join: they have."""
        heard = replace(self.wishes, joining=False)
        self.wishes = QUIET if heard == QUIET else heard

    def _run(self) -> None:
        next_beat = time.monotonic() + BEAT_SECONDS
        while not self._ended.wait(LISTEN_SECONDS) and not self._stopping.is_set():
            try:
                self._listen()
                if time.monotonic() >= next_beat:
                    self._beat()
                    next_beat = time.monotonic() + BEAT_SECONDS
                self._outage.over()
            except DBAPIError as error:
                self._outage.note(error.orig)
        if not self._ended.wait(self._patience_seconds):
            self._hand_back()

    def _listen(self) -> None:
        with self._database.reading() as session:
            self.wishes = writes.wishes(session, self.dispatch_id, self._leases)

    def _beat(self) -> None:
        with self._database.transaction() as session:
            writes.beat(session, self._leases)

    def _hand_back(self) -> None:
        try:
            with self._database.transaction() as session:
                writes.hand_back(session, self.dispatch_id, self._leases)
        except DBAPIError as error:
            log.warning("could not hand back the experiments", error=str(error.orig))
