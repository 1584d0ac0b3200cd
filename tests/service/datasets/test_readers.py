"""Processes that read uploads: one that hangs, and one that needs too much memory."""

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.execution.upkeep.intake import Intake
from service.storage.database import Database
from tests.service.datasets.uploading import upload


@contextlib.contextmanager
def running(intake: Intake) -> Iterator[None]:
    """The intake at work in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=intake.run, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def read(client: TestClient, identifier: str) -> Any:
    """The data set once it has been read."""
    while (found := client.get(f"/v1/datasets/{identifier}").json())["status"] == "validating":
        time.sleep(0.05)
    return found


@pytest.fixture
def sqlite_intake(sqlite_client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    database: Database = sqlite_client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", url)
    return partial(Intake, database, tmp_path / "intake", lambda: True)


def test_a_reader_that_hangs_is_replaced(
    sqlite_client: TestClient, sqlite_intake: Callable[[], Intake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.execution.upkeep.intake.SILENT_SECONDS", 6.0)
    start = Intake._start  # noqa: SLF001 - to freeze what it starts
    frozen: list[subprocess.Popen[Any]] = []

    def start_and_freeze(*arguments: Any) -> subprocess.Popen[Any]:
        process = start(*arguments)
        if not frozen:
            frozen.append(process)
            process.send_signal(signal.SIGSTOP)
        return process

    monkeypatch.setattr(Intake, "_start", start_and_freeze)
    made = upload(sqlite_client, target="label").json()
    with running(sqlite_intake()):
        assert read(sqlite_client, made["id"])["status"] == "ready"
    assert frozen[0].returncode == -signal.SIGKILL


def test_a_reader_over_its_memory_is_killed_and_the_file_rejected(
    sqlite_client: TestClient, sqlite_intake: Callable[..., Intake]
) -> None:
    made = upload(sqlite_client, target="label").json()
    with running(sqlite_intake(memory_bytes=2**20)):
        rejected = read(sqlite_client, made["id"])
    assert rejected["status"] == "rejected"
    assert rejected["rejection"]["reasons"][0]["expected"] == "a file that is read with 1 MiB of memory"
    assert "TRAINYARD_READER_MEMORY_BYTES" in rejected["rejection"]["advice"]
