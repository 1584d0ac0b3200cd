"""The thread beside a training: it keeps the lease through long epochs and hears what users ask for."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import DBAPIError

from service.database import Database
from service.execution import ledger
from service.execution.ledger import Lease
from service.execution.outage import Outage

__all__ = ["Heartbeat"]

LISTEN_SECONDS = 0.25
BEAT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Heartbeat:
    """Runs as a context manager around a training.

    ``cancelled`` holds the ids of the experiments whose users want them to end, ``gone`` those that are ours
    no more. Once ``stopping`` is set and the training has not come to the end of an epoch for some time, the
    thread hands everything back itself, as it was at the last flush.
    """

    def __init__(
        self, database: Database, leases: Sequence[Lease], stopping: threading.Event, patience_seconds: float
    ) -> None:
        self._database = database
        self._leases = tuple(leases)
        self._stopping = stopping
        self._patience_seconds = patience_seconds
        self._ended = threading.Event()
        self._outage = Outage("the database")
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self.cancelled: frozenset[str] = frozenset()
        self.gone: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

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
            self.cancelled, self.gone = ledger.wishes(session, self._leases)

    def _beat(self) -> None:
        with self._database.transaction() as session:
            ledger.beat(session, self._leases)

    def _hand_back(self) -> None:
        try:
            with self._database.transaction() as session:
                ledger.hand_back(session, self._leases)
        except DBAPIError as error:
            log.warning("could not hand back", error=str(error.orig))
