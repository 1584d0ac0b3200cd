"""Real worker processes behind the port."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.execution import dask_executor
from service.execution.dask_executor import DaskExecutor, local_cluster
from service.execution.executor import Slots, WorkersGoneError


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def gone(executor: DaskExecutor) -> bool:
    try:
        executor.slots()
    except WorkersGoneError:
        return True
    return False


def test_workers_that_do_not_come_back_end_the_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preload = tmp_path / "a_preload.py"
    preload.touch()
    monkeypatch.setattr(dask_executor, "PRELOAD", "a_preload")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    lost: list[str] = []
    cluster = local_cluster(1, tmp_path / "scratch")
    executor = DaskExecutor(cluster, lost.append)
    assert executor.slots() == Slots(total=1, idle=1)

    preload.write_text("raise ImportError('broken')")
    (pid,) = [nanny.pid for nanny in cluster.workers.values()]
    os.kill(pid, 9)
    wait_for(lambda: gone(executor))
    executor.close()
    with pytest.raises(WorkersGoneError, match="do not start"):
        local_cluster(1, tmp_path / "scratch")


def test_a_scheduler_that_is_away_has_no_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "ANSWER_SECONDS", 0.2)
    executor = DaskExecutor("tcp://127.0.0.1:9", lambda _dispatch_id: None)
    assert executor.slots() == Slots(0, 0)
    with pytest.raises(ConnectionError, match="tcp://127"):
        executor.submit("dispatch-engine_a-1")
    executor.close()
