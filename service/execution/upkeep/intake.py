"""Have uploaded data sets read, several at a time, each in a process of its own."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.datasets import service as datasets
from service.datasets.service import Waiting
from service.execution.dispatching.executor import MemoryUse
from service.execution.dispatching.leases import LeaseWatch
from service.execution.outage import Outage
from service.execution.upkeep.reader_child import ReaderProcess, estimated_memory_bytes
from service.storage.database import Database, utc_now

__all__ = ["Intake"]

POLL_SECONDS = 0.1
ABANDONED_SECONDS = 60.0
"""Seconds without a new piece after which an upload is abandoned, since its copier must be dead."""

AWAITED_SECONDS = 24 * 3600.0
"""Seconds an announced data set waits for its bytes."""

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Intake:
    """Reads what has been uploaded while this engine is the one that dispatches, which ``is_ours`` says.

    Up to ``most_readers`` processes read at a time, as long as their estimated memory stays within ``memory_bytes``; a
    file that needs more is read alone. The line decides who is next: no file overtakes a large one that waits for
    memory. A reader that dies is started again; the third death is held against the data set. One that hangs is killed.

    Estimates can be too low. When the readers together use more than ``memory_bytes``, the one begun last is killed,
    and its data set waits to be read alone. A reader that uses more by itself is killed and the data set rejected.

    ``folder`` is for the readers' temporary files, and empty whenever none of them runs.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        is_ours: Callable[[], bool],
        *,
        most_readers: int = 1,
        memory_bytes: int | None = None,
    ) -> None:
        self._database, self._folder, self._is_ours = database, folder, is_ours
        self._most_readers, self._memory_bytes = most_readers, memory_bytes
        self._outage = Outage("the database")
        self._copied: LeaseWatch[str] = LeaseWatch(ABANDONED_SECONDS)
        self._awaited: LeaseWatch[str] = LeaseWatch(AWAITED_SECONDS)
        self._next_look = 0.0
        # In the order of their start. Replaced as a whole, since the readers' threads also read it.
        self._readers: tuple[ReaderProcess, ...] = ()
        self._alone: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        shutil.rmtree(self._folder, ignore_errors=True)
        while not stop.wait(POLL_SECONDS):
            try:
                self.step()
                self._outage.over()
            except SQLAlchemyError as error:
                self._outage.note(error.orig if isinstance(error, DBAPIError) else error)
                stop.wait(PAUSE_SECONDS)
            except OSError as error:
                log.warning("cannot start reading a data set", error=str(error))
                stop.wait(PAUSE_SECONDS)
        self.close()

    def close(self) -> None:
        """End the readers; what they were reading is begun again by the next engine."""
        for reader in self._readers:
            reader.terminate()
        for reader in self._readers:
            reader.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def step(self) -> None:
        """Look what has become of the readers, and begin what there is room for."""
        for reader in self._readers:
            if reader.has_ended:
                self._settle(reader)
        if self._is_ours():
            self.give_up_uploads(time.monotonic())
            while len(self._readers) < self._most_readers and self._begin():
                pass

    def give_up_uploads(self, now: float) -> None:
        """Check, at the monotonic time ``now``, whether uploads still make progress, and reset abandoned ones."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        with self._database.reading() as session:
            rows = {row.id: row for row in datasets.uploads(session)}
        copied = {id_: row.counter for id_, row in rows.items() if row.bytes}
        awaited = {id_: row.counter for id_, row in rows.items() if not row.bytes}
        for id_ in [*self._copied.observe(now, copied), *self._awaited.observe(now, awaited)]:
            with self._database.transaction() as session:
                datasets.give_up(session, rows[id_])

    def _begin(self) -> bool:
        """Begin to read what is first in line, if there is room for it; whether it was begun."""
        own = {reader.identifier for reader in self._readers}
        with self._database.reading() as session:
            first = datasets.first_in_line(session, own)
        if first is None or not self._has_room(first):
            return False
        with self._database.transaction() as session:
            attempt = datasets.begin_reading(session, first)
        if attempt is None:
            return False
        folder = self._folder / f"{first.id}-{attempt}"
        needed = self._needed_bytes(first)
        reader = ReaderProcess(first.id, attempt, folder, needed_bytes=needed, on_beat=self._check_memory)
        self._readers = (*self._readers, reader)
        return True

    def _has_room(self, waiting: Waiting) -> bool:
        if not self._readers or self._memory_bytes is None:
            return True
        taken = sum(max(reader.needed_bytes, reader.memory_bytes()) for reader in self._readers)
        return taken + self._needed_bytes(waiting) <= self._memory_bytes

    def _needed_bytes(self, waiting: Waiting) -> int:
        estimate = estimated_memory_bytes(waiting.bytes)
        return max(estimate, self._memory_bytes or 0) if waiting.id in self._alone else estimate

    def _check_memory(self, reader: ReaderProcess) -> None:
        """Kill this reader if it uses too much memory, by itself or, as the last begun, with the others."""
        if self._memory_bytes is None:
            return
        uses = {each: each.memory_bytes() for each in self._readers if each.returncode is None}
        own = MemoryUse(uses.get(reader, 0), self._memory_bytes)
        together = MemoryUse(sum(uses.values()), self._memory_bytes)
        if own.used_bytes > own.limit_bytes:
            reader.kill_for(own)
        elif together.used_bytes > together.limit_bytes and reader is list(uses)[-1]:
            reader.put_back(together)

    def _settle(self, reader: ReaderProcess) -> None:
        """Note what has become of a reader's data set, and forget the reader."""
        was_put_back = False
        with self._database.transaction() as session:
            if reader.was_put_back:
                was_put_back = datasets.put_back(session, reader.identifier, reader.attempt)
            elif datasets.note_loss(session, reader.identifier, reader.attempt, utc_now(), reader.killed_for):
                log.warning(
                    "lost a reader",
                    dataset_id=reader.identifier,
                    attempt=reader.attempt,
                    code=reader.returncode,
                )
        if was_put_back:
            self._alone.add(reader.identifier)
        else:
            self._alone.discard(reader.identifier)
        self._readers = tuple(each for each in self._readers if each is not reader)
