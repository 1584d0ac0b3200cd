"""What becomes of half-done work when processes end, by kill or by Ctrl-C."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.revision import ENGINE_REVISION
from tests.end_to_end.conftest import LONG_RUN
from tests.end_to_end.harness import Client, Service, wait_for


@pytest.fixture(scope="module")
def expected(service: Service) -> dict[str, str]:
    """The hashes of the checkpoints of an undisturbed run."""
    id_ = service.submit(**LONG_RUN)
    service.wait_for_end(id_)
    return service.fingerprints(id_)


def children(parent: int, pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if f"\nPPid:\t{parent}\n" in Path(f"/proc/{pid}/status").read_text()]


def check_outcome(client: Client, id_: str, expected: dict[str, str]) -> None:
    ended = client.wait_for_end(id_)
    assert ended["status"] == "succeeded"
    epochs = client.get(f"/v1/experiments/{id_}/metrics")["epoch"]
    assert epochs == list(range(1, ended["progress"]["epoch"] + 1))
    assert client.fingerprints(id_) == expected


def test_after_everything_was_killed_a_new_start_goes_on_by_itself(
    tmp_path: Path, expected: dict[str, str]
) -> None:
    first = Service(tmp_path, workers=1)
    id_ = first.submit(**LONG_RUN)
    first.wait_for_epoch(id_)
    first.kill()

    second = Service(tmp_path, workers=1)
    check_outcome(second, id_, expected)
    assert second.experiment(id_)["attempt"] == 2

    again = second.submit(**LONG_RUN)
    second.wait_for_epoch(again)
    # Ctrl-C in a terminal reaches every process of it.
    os.killpg(second.process.pid, signal.SIGINT)
    second.wait()
    assert second.process.returncode == 0
    assert "Traceback" not in second.log

    third = Service(tmp_path, workers=1)
    check_outcome(third, again, expected)
    id_ = third.submit(**LONG_RUN)
    third.wait_for_epoch(id_)
    third.stop(signal_number=signal.SIGTERM)
    assert third.process.returncode == 0
    begins_again_after_an_upgrade(tmp_path, id_, expected)


def begins_again_after_an_upgrade(tmp_path: Path, id_: str, expected: dict[str, str]) -> None:
    """Half-done work does, where the upgrade changes bits."""
    with contextlib.closing(sqlite3.connect(tmp_path / "trainyard.sqlite3")) as database, database:
        database.execute("UPDATE experiments SET engine_revision = engine_revision - 1")

    newer = Service(tmp_path, workers=1)
    check_outcome(newer, id_, expected)
    ended = newer.experiment(id_)
    assert ended["engine_revision"] == ENGINE_REVISION
    assert [warning["code"] for warning in ended["warnings"]].count("restarted_by_new_revision") == 1
    newer.stop()


def test_whichever_process_is_killed_nothing_is_left_running_or_lost(
    tmp_path: Path, expected: dict[str, str]
) -> None:
    service = Service(tmp_path, workers=1)
    for name in ("engine", "serve"):
        id_ = service.submit(**LONG_RUN)
        service.wait_for_epoch(id_)
        kill(service, name)
        if name == "serve":
            service.wait()
            service = Service(tmp_path, workers=1)
        check_outcome(service, id_, expected)
    service.stop()


def kill(service: Service, name: str) -> None:
    """Kill one process of a service, and wait until those that hung on it have ended."""
    before = service.processes()
    (victim,) = [pid for pid, words in before.items() if f" {name}" in words.replace("--attached", "")]
    # What hangs sees no pipe close.
    for pid in children(victim, before):
        os.kill(pid, signal.SIGSTOP)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: not set(before) - {service.process.pid} & set(service.processes()), "the engine to end")
