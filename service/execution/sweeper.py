"""Gives the room of deleted data sets back, beside everything else that an engine does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.database import Database
from service.datasets.service import sweep
from service.execution.outage import Outage

__all__ = ["Sweeper"]

LOOK_SECONDS = 1.0


class Sweeper:
    """Sweeps while this engine is the one that dispatches, which ``is_ours`` says."""

    def __init__(self, database: Database, is_ours: Callable[[], bool]) -> None:
        self._database, self._is_ours = database, is_ours
        self._outage = Outage("the database")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        owed = False
        while not stop.wait(LOOK_SECONDS):
            try:
                if self._is_ours():
                    owed = sweep(self._database, lambda: not stop.is_set()) or owed
                if owed:
                    self._database.shrink(lambda: not stop.is_set())
                    owed = False
                self._outage.over()
            except SQLAlchemyError as error:
                self._outage.note(error.orig if isinstance(error, DBAPIError) else error)
