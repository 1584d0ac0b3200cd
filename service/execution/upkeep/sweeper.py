"""Free the space of deleted content and move content of older versions, in the background."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.blobs import repository as blobs
from service.blobs.repository import BlobGone
from service.execution.dispatching.leases import LeaseWatch
from service.execution.outage import Outage
from service.execution.upkeep.moving import Mover
from service.execution.upkeep.sweeping import sweep
from service.storage.database import Database

__all__ = ["Sweeper"]

LOOK_SECONDS = 1.0
ABANDONED_SECONDS = 60.0
"""Seconds without a new piece after which a blob is abandoned: its writer is dead or has lost its lease."""


class Sweeper:
    """Sweeps while this engine is the one that dispatches, which ``is_ours`` says."""

    def __init__(self, database: Database, is_ours: Callable[[], bool]) -> None:
        self._database, self._is_ours = database, is_ours
        self._outage = Outage("the database")
        self._written: LeaseWatch[str] = LeaseWatch(ABANDONED_SECONDS)
        self._mover = Mover(database)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        owed = False
        while not stop.wait(LOOK_SECONDS):
            try:
                if self._is_ours():
                    self._give_up_blobs()
                    self._move(stop)
                    owed = sweep(self._database, lambda: not stop.is_set()) or owed
                if owed:
                    self._database.shrink(lambda: not stop.is_set())
                    owed = False
                self._outage.over()
            except SQLAlchemyError as error:
                self._outage.note(error.orig if isinstance(error, DBAPIError) else error)

    def _move(self, stop: threading.Event) -> None:
        """Move contents for as long as the pause between two looks, which leaves writers half of the time."""
        end = time.monotonic() + LOOK_SECONDS
        with contextlib.suppress(BlobGone):
            while self._mover.move_one() and time.monotonic() < end and not stop.is_set():
                pass

    def _give_up_blobs(self) -> None:
        with self._database.reading() as session:
            written = blobs.being_written(session)
        if abandoned := self._written.observe(time.monotonic(), written):
            with self._database.transaction() as session:
                blobs.let_go(session, abandoned)
