"""Worker processes of the executor's own: real processes, killed and frozen, on a real database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.execution.dispatching import repository
from service.execution.dispatching.executor import Loss, Slots
from service.execution.dispatching.local_executor import LocalExecutor
from service.execution.pulse import SILENT_SECONDS
from service.experiments.models import ExperimentRow
from service.experiments.service import submit
from service.health.models import WorkerHostRow
from service.storage.database import Database, migrate

ENGINE = "engine_a"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Workers:
    """One worker, its database, and the dispatches that it lost."""

    def __init__(self, directory: Path) -> None:
        url = f"sqlite:///{directory / 'test.sqlite3'}"
        migrate(url)
        self.database = Database(url)
        self.lost: list[Loss] = []
        self.executor: LocalExecutor | None = None

    def start(self, memory_bytes: int | None = None, silent_seconds: float = SILENT_SECONDS) -> LocalExecutor:
        self.executor = LocalExecutor(
            1, self.lost.append, memory_bytes=memory_bytes, silent_seconds=silent_seconds
        )
        return self.started()

    def started(self) -> LocalExecutor:
        executor = self.executor
        assert executor is not None
        wait_for(lambda: executor.slots() == Slots(total=1, idle=1))
        return executor

    @property
    def pid(self) -> int:
        assert self.executor is not None
        (pid,) = self.executor.processes()
        return pid

    def dispatch(self, **spec: object) -> tuple[str, str]:
        """An experiment in training, and the id of its dispatch."""
        with self.database.transaction() as session:
            id_ = str(submit(session, LOCAL_OWNER, {"dataset": "iris", "seed": 1, **spec}).row.id)
        with self.database.transaction() as session:
            (dispatch_id,) = repository.claim(session, ENGINE, lambda _live: 1, None)
        assert self.executor is not None
        self.executor.submit(dispatch_id)
        return id_, dispatch_id

    def hosts(self) -> list[WorkerHostRow]:
        """What workers have reported."""
        with self.database.reading() as session:
            return list(session.scalars(sa.select(WorkerHostRow)))

    def status(self, id_: str) -> str:
        with self.database.reading() as session:
            return session.get_one(ExperimentRow, id_).status


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    monkeypatch.setenv("TRAINYARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", f"sqlite:///{tmp_path / 'test.sqlite3'}")
    workers = Workers(tmp_path)
    yield workers
    if workers.executor is not None:
        workers.executor.close()
    workers.database.close()


ENDLESS = {"architecture": [4], "max_epochs": 100_000}


def test_a_dispatch_is_trained_and_the_worker_is_idle_again(workers: Workers) -> None:
    executor = workers.start()
    id_, _ = workers.dispatch(max_epochs=2)
    assert executor.slots() == Slots(total=1, idle=0)
    with pytest.raises(ConnectionError):
        executor.submit("dispatch-engine_a-2")
    wait_for(lambda: executor.slots().idle)
    assert workers.status(id_) == "succeeded"
    assert workers.lost == []


def test_a_killed_worker_is_reported_and_replaced(workers: Workers) -> None:
    workers.start()
    id_, dispatch_id = workers.dispatch(**ENDLESS)
    wait_for(lambda: workers.status(id_) == "running")
    os.kill(workers.pid, signal.SIGKILL)
    wait_for(lambda: workers.lost == [Loss(dispatch_id)])
    workers.started()
    wait_for(lambda: [host.replacements for host in workers.hosts()] == [1])
    (host,) = workers.hosts()
    assert host.idle_bytes is not None
    assert 2**22 < host.idle_bytes < 2**27


def test_a_frozen_worker_is_killed_and_replaced(workers: Workers) -> None:
    executor = workers.start(silent_seconds=9.0)
    _, dispatch_id = workers.dispatch(**ENDLESS)
    frozen = workers.pid
    os.kill(frozen, signal.SIGSTOP)
    wait_for(lambda: executor.slots() == Slots(total=1, idle=0, silent=1))
    wait_for(lambda: workers.lost == [Loss(dispatch_id)])
    workers.started()
    assert workers.pid != frozen


def test_a_worker_over_its_memory_is_killed(workers: Workers) -> None:
    workers.start(memory_bytes=150 * 2**20)
    _, dispatch_id = workers.dispatch(architecture=[3000, 3000], max_epochs=1000)
    wait_for(lambda: workers.lost)
    ((lost, memory),) = workers.lost
    assert lost == dispatch_id
    assert memory is not None
    assert memory.used_bytes > memory.limit_bytes == 150 * 2**20
    workers.started()


def test_closing_hands_back_what_is_trained(workers: Workers) -> None:
    executor = workers.start()
    id_, _ = workers.dispatch(**ENDLESS)
    wait_for(lambda: workers.status(id_) == "running")
    executor.close()
    workers.executor = None
    assert workers.status(id_) == "queued"
    with workers.database.reading() as session:
        assert session.get_one(ExperimentRow, id_).losses == 0


def test_a_terminated_worker_hands_back_and_is_replaced(workers: Workers) -> None:
    workers.start()
    id_, dispatch_id = workers.dispatch(**ENDLESS)
    wait_for(lambda: workers.status(id_) == "running")
    terminated = workers.pid
    os.kill(terminated, signal.SIGTERM)
    wait_for(lambda: workers.status(id_) == "queued")
    wait_for(lambda: workers.lost == [Loss(dispatch_id)])
    workers.started()
    assert workers.pid != terminated


PARENT = """
from service.execution.dispatching.local_executor import LocalExecutor
executor = LocalExecutor(2, lambda dispatch_id: None)
print(*executor.processes(), flush=True)
input()
"""


def test_no_worker_outlives_its_parent(workers: Workers) -> None:
    assert workers.executor is None
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    orphans = [Path(f"/proc/{pid}") for pid in parent.stdout.readline().split()]
    assert [each.exists() for each in orphans] == [True, True]
    parent.kill()
    parent.communicate()
    wait_for(lambda: not any(each.exists() for each in orphans))
