"""Workers that freeze, and an experiment that kills each of its workers: real processes, real signals.

The dispatcher runs in this process, so that the test knows which process trains what.
"""

import contextlib
import hashlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.checkpoints.models import CheckpointChunkRow
from service.execution.dispatching.dispatcher import Dispatcher
from service.execution.dispatching.executor import OnLost
from service.execution.dispatching.local_executor import LocalExecutor
from service.experiments.models import EpochRow, ExperimentRow
from service.experiments.service import submit
from service.storage.database import Database
from tests.chaos.undisturbed import RUN, fingerprints
from tests.end_to_end.harness import wait_for

# Shorter than a service's, and longer than two beats of a healthy worker.
LEASE_SECONDS = 12.0
# Longer than the test waits for a lease to end: here the lease decides, not the pipe.
SILENT_SECONDS = 600.0


class Engine:
    """A dispatcher, two workers, and what can be seen of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.workers: LocalExecutor | None = None
        self.dispatcher = Dispatcher(database, "engine_a", self._start, lease_seconds=LEASE_SECONDS)

    def _start(self, on_lost: OnLost) -> LocalExecutor:
        self.workers = LocalExecutor(2, on_lost, silent_seconds=SILENT_SECONDS)
        return self.workers

    def processes(self) -> dict[int, str | None]:
        """The workers by their process ids, and what each trains."""
        assert self.workers is not None
        return self.workers.processes()

    def submit(self, **spec: Any) -> str:
        with self.database.transaction() as session:
            return str(submit(session, LOCAL_OWNER, spec).row.id)

    def row(self, id_: str) -> ExperimentRow:
        with self.database.reading() as session:
            return session.get_one(ExperimentRow, id_)

    def worker_of(self, id_: str) -> int | None:
        """The process that trains an experiment."""
        row = self.row(id_)
        if row.status != "running":
            return None
        pids = [pid for pid, dispatch_id in self.processes().items() if dispatch_id == row.dispatch_id]
        return pids[0] if pids else None

    def busy(self) -> int:
        """How many workers have something to do."""
        return sum(dispatch_id is not None for dispatch_id in self.processes().values())

    def check(self, *ids: str) -> None:
        """Each has ended as if nothing had happened."""
        wait_for(lambda: all(self.row(id_).finished_at for id_ in ids), "the end")
        rows = [self.row(id_) for id_ in ids]
        assert [row.status for row in rows] == ["succeeded"] * len(ids)
        with self.database.reading() as session:
            for row in rows:
                curve = (
                    sa.select(EpochRow.epoch).where(EpochRow.experiment_id == row.id).order_by(EpochRow.epoch)
                )
                assert list(session.scalars(curve)) == list(range(1, row.last_epoch + 1))
            stored = [self._last_weights(session, row.id) for row in rows]
        lone = fingerprints([{"dataset": row.dataset, **row.spec} for row in rows])
        assert stored == [found["last"] for found in lone]

    def _last_weights(self, session: Any, id_: str) -> str:
        chunks = sa.select(CheckpointChunkRow.content).where(
            CheckpointChunkRow.experiment_id == id_, CheckpointChunkRow.kind == "last"
        )
        content = session.scalars(chunks.order_by(CheckpointChunkRow.position)).all()
        return hashlib.sha256(b"".join(content)).hexdigest()


@pytest.fixture
def engine(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", fresh_database_url)
    database = Database(fresh_database_url)
    engine = Engine(database)
    stop = threading.Event()
    thread = threading.Thread(target=engine.dispatcher.run, args=(stop,))
    thread.start()
    yield engine
    stop.set()
    thread.join()
    database.close()


def freeze(engine: Engine, id_: str) -> int:
    """Stop the process that trains, at a moment at which it keeps nobody from writing; return its id."""
    while True:
        wait_for(lambda: engine.worker_of(id_) is not None, "a worker")
        pid = engine.worker_of(id_)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        if not engine.database.is_sqlite or is_free(engine.database):
            return pid
        os.kill(pid, signal.SIGCONT)


def is_free(database: Database) -> bool:
    """Whether nobody has SQLite's one lock for writing."""
    file = sqlite3.connect(str(database.url.database), timeout=0.1, isolation_level=None)
    with contextlib.closing(file), contextlib.suppress(sqlite3.OperationalError):
        file.execute("BEGIN IMMEDIATE")
        file.execute("ROLLBACK")
        return True
    return False


def test_a_frozen_worker_is_replaced_and_writes_no_more(engine: Engine) -> None:
    id_ = engine.submit(**RUN | {"max_epochs": 3000})
    wait_for(lambda: engine.row(id_).last_epoch > 0, "the first epoch")
    frozen = freeze(engine, id_)
    try:
        wait_for(lambda: engine.row(id_).attempt > 1, "the lease to end")
        reached = engine.row(id_).last_epoch
        wait_for(lambda: engine.row(id_).last_epoch > reached, "the successor to go on")
        assert engine.busy() == 2
    finally:
        os.kill(frozen, signal.SIGCONT)
    wait_for(lambda: engine.busy() <= 1, "the thawed worker to find out and stop")
    engine.check(id_)
    assert engine.row(id_).attempt == engine.row(id_).losses + 1


def kill_worker_of(engine: Engine, id_: str) -> None:
    wait_for(lambda: engine.worker_of(id_) is not None, "a worker")
    pid = engine.worker_of(id_)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def has_lost(engine: Engine, id_: str, workers: int) -> bool:
    return engine.row(id_).losses == workers


def test_an_experiment_that_kills_every_worker_fails_alone(engine: Engine) -> None:
    # All of one cohort, so that they begin as one stack.
    others = [engine.submit(**RUN | {"seed": seed}) for seed in (1, 2)]
    poisoned = engine.submit(**RUN | {"seed": 3, "max_epochs": 100_000, "patience": None})
    for losses in range(5):
        kill_worker_of(engine, poisoned)
        wait_for(partial(has_lost, engine, poisoned, losses + 1), "the loss")
    wait_for(lambda: engine.row(poisoned).finished_at is not None, "the poisoned one to fail")
    ended = engine.row(poisoned)
    assert (ended.status, ended.stop_reason, ended.losses) == ("failed", "worker_lost", 5)
    assert ended.error is not None
    assert "died 5 times" in ended.error["message"]
    engine.check(*others)
    assert all(engine.row(id_).losses <= 1 for id_ in others)
