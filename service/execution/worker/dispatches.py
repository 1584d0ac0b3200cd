"""Train one dispatch after another, and hand back unfinished ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.data import Dataset
from engine.revision import ENGINE_REVISION
from service.checkpoints.initial import INITIAL, damaged
from service.datasets.cache import DatasetCache
from service.errors import Damaged
from service.execution.ledger import writes
from service.execution.ledger.blobs import damaged_state, load
from service.execution.outage import Outage, patiently
from service.execution.worker.heartbeat import Heartbeat
from service.execution.worker.reporting import Reporter
from service.execution.worker.run import Run
from service.execution.worker.training_data import TrainingData
from service.execution.worker.work import Work
from service.storage.database import Database

__all__ = ["DispatchLost", "OtherRevision", "WorkerProcess"]

EPOCH_PATIENCE_SECONDS = 1.5
"""Seconds a stopping worker waits for the check between two batches before its heartbeat hands the work back.
"""

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class DispatchLost(Exception):
    """The worker that had begun this dispatch is gone; the dispatcher decides what becomes of it."""


class OtherRevision(Exception):
    """The dispatch is for workers of another revision of the engine; the dispatcher looks for another one."""


class _Stopped(Exception):
    """The process is to end while the database is away."""


class WorkerProcess:
    """This process as a worker; one training at a time (a Dask worker has one thread).

    ``cache`` is a folder for data sets that were uploaded, up to ``cache_bytes``, which the workers of a machine share.
    """

    def __init__(self, database_url: str, cache: Path, cache_bytes: int) -> None:
        self._database = Database(database_url)
        self._datasets = DatasetCache(self._database, cache, cache_bytes)
        self._data = TrainingData(self._load)
        self.reporter = Reporter(self._database, cache)
        self._outage = Outage("the database")
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def prepare(self, *, replaces: bool = False) -> None:
        """Open a connection ahead of the first experiment, which is not lost where that fails, and start to report.

        ``replaces`` says that this process took the place of one that died.
        """
        try:
            with self._database.reading() as session:
                session.connection()
        except OperationalError as error:
            log.warning("the database is unavailable", error=str(error.orig))
        self.reporter.start(replaces=replaces)

    def stop(self, seconds: float) -> None:
        """Stop the training at its next check between batches and wait for it, up to a limit."""
        self._stopping.set()
        self._idle.wait(seconds)

    def close(self) -> None:
        """Let go of the database."""
        self.reporter.close()
        self._database.close()

    def train(self, dispatch_id: str) -> None:
        """Train the experiments of this dispatch; an experiment's failure is a result, not an error.

        Raises DispatchLost if another worker had begun it, OtherRevision if this worker is not to begin it.
        """
        self._idle.clear()
        try:
            works = self._begin(dispatch_id)
            if works:
                self._train(dispatch_id, works)
            elif self._persist(lambda session: writes.is_held(session, dispatch_id)):
                raise DispatchLost(dispatch_id)
            elif self._persist(lambda session: writes.is_foreign(session, dispatch_id)):
                message = f"This worker runs engine revision {ENGINE_REVISION}, its dispatcher another one."
                raise OtherRevision(message)
        except _Stopped:
            log.warning("stopped while the database was unavailable", dispatch_id=dispatch_id)
        finally:
            self._idle.set()

    def _train(self, dispatch_id: str, works: list[Work]) -> None:
        with Heartbeat(self._database, dispatch_id, self._stopping, EPOCH_PATIENCE_SECONDS) as heartbeat:
            while works:
                begin = partial(self._begin, dispatch_id)
                run = Run(
                    self._persist,
                    heartbeat,
                    self._stopping,
                    self._data,
                    begin,
                    self.reporter.flushed,
                )
                try:
                    run.train(works)
                except _Stopped:
                    raise
                except Exception as error:
                    log.exception("training failed", dispatch_id=dispatch_id)
                    run.fail(error)
                # Experiments that were to join the failed ones train now.
                works = self._begin(dispatch_id)

    def _begin(self, dispatch_id: str) -> list[Work]:
        works = self._persist(lambda session: writes.begin(session, dispatch_id))
        loaded = [self._loaded(work) for work in works]
        return [work for work in loaded if work is not None]

    def _loaded(self, work: Work) -> Work | None:
        """Load what the work starts or resumes from, without delaying others; None if it is not ours."""
        id_ = work.lease.experiment_id
        if (blob_id := work.state_blob) is not None:
            try:
                return replace(work, state=self._load_blob(blob_id, damaged_state(id_)))
            except Damaged as error:
                damage = error
            again = self._persist(lambda session: writes.begin_again(session, work, damage))
            return None if again is None else self._loaded(again)
        if (blob_id := work.initial_blob) is not None:
            try:
                return replace(work, initial=self._load_blob(blob_id, damaged(id_, INITIAL)))
            except Damaged as error:
                return replace(work, damage=error)
        return work

    def _load_blob(self, blob_id: str, what: Damaged) -> bytes:
        return self._patiently(lambda: load(self._database, blob_id, what))

    def _persist(self, work: Callable[[Session], Answer]) -> Answer:
        """Do the work in one transaction."""

        def in_transaction() -> Answer:
            with self._database.transaction() as session:
                return work(session)

        return self._patiently(in_transaction)

    def _load(self, name: str, version: str) -> Dataset:
        return self._patiently(lambda: self._datasets.load(name, version))

    def _patiently(self, call: Callable[[], Answer]) -> Answer:
        """Call again and again while the database is away."""
        return patiently(call, self._outage, self._pause)

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Stopped
