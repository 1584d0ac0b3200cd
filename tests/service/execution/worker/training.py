"""Run workers in this process, and read what they stored."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service.checkpoints.models import CheckpointRow
from service.execution.dispatching import repository
from service.execution.worker.dispatches import WorkerProcess
from service.experiments.models import EpochRow, ExperimentRow
from service.storage.database import Database

LONG: dict[str, Any] = {"dataset": "iris", "architecture": [4], "max_epochs": 100_000, "seed": 1}


WAIT_SECONDS = 60


def claim(database: Database) -> str:
    with database.transaction() as session:
        (dispatch_id,) = repository.claim(session, "engine_a", lambda _live: 1)
    return dispatch_id


def row(database: Database, id_: str) -> ExperimentRow:
    with database.reading() as session:
        return session.get_one(ExperimentRow, id_)


def epochs(database: Database, id_: str) -> list[int]:
    with database.reading() as session:
        query = sa.select(EpochRow.epoch).where(EpochRow.experiment_id == id_).order_by(EpochRow.epoch)
        return list(session.scalars(query))


def fingerprints(database: Database, id_: str) -> dict[str, str]:
    """The hash of each of the experiment's checkpoints."""
    with database.reading() as session:
        found = session.scalars(sa.select(CheckpointRow).where(CheckpointRow.experiment_id == id_))
        return {checkpoint.kind: checkpoint.sha256 for checkpoint in found}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def train(database: Database, dispatch_id: str) -> None:
    with contextlib.closing(
        WorkerProcess(database.url.render_as_string(hide_password=False), Path(os.devnull), 0)
    ) as process:
        process.train(dispatch_id)


@contextlib.contextmanager
def training(database: Database, dispatch_id: str) -> Iterator[WorkerProcess]:
    """A worker that trains in a thread, and is through when the block ends."""
    process = WorkerProcess(database.url.render_as_string(hide_password=False), Path(os.devnull), 0)
    thread = threading.Thread(target=process.train, args=(dispatch_id,))
    thread.start()
    try:
        yield process
    finally:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
        process.close()
