"""Having uploaded data sets read, one after another, each in a process of its own beside the trainings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.datasets import service as datasets
from service.execution.dispatching.executor import MemoryUse
from service.execution.dispatching.leases import LeaseWatch
from service.execution.memory import own_memory_bytes
from service.execution.outage import Outage
from service.execution.pulse import SILENT_SECONDS, Listener
from service.storage.database import Database, utc_now

__all__ = ["Intake"]

POLL_SECONDS = 0.1
ABANDONED_SECONDS = 60.0
"""After so long without another piece an upload is given up: whoever copied it is dead."""

AWAITED_SECONDS = 24 * 3600.0
"""So long a data set that was announced waits for its bytes."""

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 1.0
END_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Intake:
    """Reads what has been uploaded while this engine is the one that dispatches, which ``is_ours`` says.

    A reader that dies is started again; the third death is held against the data set. One that hangs is killed, and
    one whose own memory exceeds ``memory_bytes`` too, after which the data set is rejected. ``folder`` is for the
    readers' temporary files, and empty whenever none of them runs.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        is_ours: Callable[[], bool],
        *,
        memory_bytes: int | None = None,
    ) -> None:
        self._database, self._folder, self._is_ours = database, folder, is_ours
        self._memory_bytes = memory_bytes
        self._outage = Outage("the database")
        self._copied: LeaseWatch[str] = LeaseWatch(ABANDONED_SECONDS)
        self._awaited: LeaseWatch[str] = LeaseWatch(AWAITED_SECONDS)
        self._next_look = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.wait(POLL_SECONDS):
            try:
                self._step(stop)
                self._outage.over()
            except SQLAlchemyError as error:
                self._outage.note(error.orig if isinstance(error, DBAPIError) else error)
                stop.wait(PAUSE_SECONDS)
            except OSError as error:
                log.warning("cannot have a data set read", error=str(error))
                stop.wait(PAUSE_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _step(self, stop: threading.Event) -> None:
        if not self._is_ours():
            return
        self.give_up_uploads(time.monotonic())
        with self._database.reading() as session:
            if not datasets.has_unread(session):
                return
        with self._database.transaction() as session:
            begun = datasets.begin_reading(session)
        if begun is not None:
            self._read(*begun, stop)

    def give_up_uploads(self, now: float) -> None:
        """Look, at the monotonic time ``now``, whether uploads still come; whoever sends to one later begins anew."""
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

    def _read(self, identifier: str, attempt: int, stop: threading.Event) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        beats, beating = os.pipe()
        try:
            process = self._start(identifier, attempt, beating)
        finally:
            os.close(beating)
        try:
            killed_for = self._watch(process, beats, stop)
        finally:
            _end(process)
            os.close(beats)
        if stop.is_set():
            return
        with self._database.transaction() as session:
            if datasets.note_loss(session, identifier, attempt, utc_now(), killed_for):
                log.warning("lost a reader", dataset_id=identifier, attempt=attempt, code=process.returncode)

    def _start(self, identifier: str, attempt: int, beats: int) -> subprocess.Popen[Any]:
        module = "service.execution.upkeep.reading_process"
        arguments = [identifier, str(attempt), str(self._folder), str(beats)]
        command = [sys.executable, "-P", "-m", module, *arguments]
        return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[beats])  # noqa: S603 - our own command

    def _watch(self, process: subprocess.Popen[Any], beats: int, stop: threading.Event) -> MemoryUse | None:
        """Return when the reader has ended or was killed; what it used if it was killed for its memory."""
        listener = Listener(beats)
        while not stop.is_set() and listener.lines() is not None:
            if listener.silent_seconds >= SILENT_SECONDS:
                log.warning("killing a reader", why="silent", seconds=listener.silent_seconds)
                process.kill()
            elif self._memory_bytes is not None:
                use = MemoryUse(own_memory_bytes(process.pid), self._memory_bytes)
                if use.used_bytes > use.limit_bytes:
                    log.warning("killing a reader", why="out of memory", **use._asdict())
                    process.kill()
                    return use
        return None


def _end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
