"""Processes that read uploads: several at a time, within their memory, and replaced where they hang."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.execution.upkeep import reader_child
from service.execution.upkeep.intake import Intake
from service.execution.upkeep.reader_child import ReaderProcess
from service.storage.database import Database
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient
from tests.service.datasets.uploading import CSV, upload

HALF_LOADED_BYTES = 40 * 2**20
"""What a reader uses before it has imported all that it needs, which takes some 50 MiB."""


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


def intake_of(client: TestClient, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Any:
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", url)
    return partial(Intake, database, folder / "intake", lambda: True)


@pytest.fixture
def sqlite_intake(sqlite_client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    return intake_of(sqlite_client, monkeypatch, tmp_path)


class Readers:
    """What an intake starts. A reader stops at once unless told otherwise, until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all: list[ReaderProcess] = []
        self.freezes: Callable[[], bool] = lambda: True
        start = ReaderProcess._start  # noqa: SLF001 - to freeze what it starts

        def start_and_freeze(reader: ReaderProcess, beats: int) -> Any:
            process = start(reader, beats)
            if self.freezes():
                process.send_signal(signal.SIGSTOP)
            self.all.append(reader)
            return process

        monkeypatch.setattr(ReaderProcess, "_start", start_and_freeze)

    @property
    def data_sets(self) -> list[str]:
        """What was begun, in that order."""
        return [reader.identifier for reader in self.all]

    def finish(self, *places: int) -> None:
        """Let these go on, and wait until they have ended."""
        for place in places:
            os.kill(self.all[place].pid, signal.SIGCONT)
        wait_until(lambda: all(self.all[place].has_ended for place in places))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    return Readers(monkeypatch)


def test_a_reader_that_hangs_is_replaced(
    sqlite_client: TestClient,
    sqlite_intake: Callable[..., Intake],
    readers: Readers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_child, "SILENT_SECONDS", 6.0)
    readers.freezes = lambda: not readers.all
    made = upload(sqlite_client, target="label").json()
    with running(sqlite_intake()):
        assert read(sqlite_client, made["id"])["status"] == "ready"
    assert readers.all[0].returncode == -signal.SIGKILL


def test_a_reader_over_its_memory_is_killed_and_the_file_rejected(
    sqlite_client: TestClient, sqlite_intake: Callable[..., Intake]
) -> None:
    made = upload(sqlite_client, target="label").json()
    with running(sqlite_intake(memory_bytes=2**20)):
        rejected = read(sqlite_client, made["id"])
    assert rejected["status"] == "rejected"
    assert rejected["rejection"]["reasons"][0]["expected"] == "a file that can be read with 1 MiB of memory"
    assert "TRAINYARD_READER_MEMORY_BYTES" in rejected["rejection"]["advice"]


def test_several_are_read_at_a_time_and_the_next_is_another_owners(
    fresh_sqlite_url: str,
    open_client: OpenClient,
    readers: Readers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    client = open_client(fresh_sqlite_url, auth="on")
    ann, bob = showing_key(client, "ann"), showing_key(client, "bob")

    def send(owner: dict[str, str], more: int) -> str:
        files = {"file": ("a.csv", CSV + b"\n1,2,red,no" * more)}
        identifier: str = client.post("/v1/datasets", headers=owner, files=files).json()["id"]
        return identifier

    def seen(owner: dict[str, str], identifier: str) -> tuple[str, int | None]:
        found = client.get(f"/v1/datasets/{identifier}", headers=owner).json()
        return found["status"], found["place_in_line"]

    hers = [send(ann, number) for number in range(3)]
    with contextlib.closing(intake_of(client, monkeypatch, tmp_path)(most_readers=2)) as intake:
        intake.step()
        assert readers.data_sets == hers[:2]
        his = send(bob, 9)
        intake.step()
        waiting = [seen(ann, each) for each in hers] + [seen(bob, his)]
        assert waiting == [("validating", place) for place in (None, None, 2, 1)]
        readers.finish(1)
        intake.step()
        assert readers.data_sets == [*hers[:2], his]
        readers.finish(0, 2)
        intake.step()
        readers.finish(3)
        intake.step()
    assert [seen(ann, each) for each in hers] + [seen(bob, his)] == [("ready", None)] * 4


def test_what_needs_too_much_memory_is_read_alone(
    sqlite_client: TestClient,
    sqlite_intake: Callable[..., Intake],
    readers: Readers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_child, "_READER_BYTES", 0)
    monkeypatch.setattr(reader_child, "_BYTES_PER_FILE_BYTE", 2**20)
    larger = CSV + b"\n1,2,red,no" * 99
    made = [
        upload(sqlite_client, content).json()["id"] for content in (larger, CSV, CSV + b"\n", CSV + b"\n\n")
    ]
    bound = (2 * len(CSV) + 2) * 2**20
    with contextlib.closing(sqlite_intake(most_readers=4, memory_bytes=bound)) as intake:
        for begun in (1, 3, 4):
            intake.step()
            assert readers.data_sets == made[:begun]
            readers.finish(begun - 1)
        readers.finish(1)
        intake.step()
    assert [read(sqlite_client, each)["status"] for each in made] == ["ready"] * 4


def test_the_last_begun_makes_room_where_several_use_too_much(
    sqlite_client: TestClient,
    sqlite_intake: Callable[..., Intake],
    readers: Readers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_child, "_READER_BYTES", 0)
    readers.freezes = lambda: False
    made = [upload(sqlite_client, CSV + b"\n" * more).json()["id"] for more in range(2)]
    with contextlib.closing(sqlite_intake(most_readers=2, memory_bytes=72 * 2**20)) as intake:
        intake.step()
        first, second = readers.all
        for reader in (first, second):
            wait_until(lambda reader=reader: reader.memory_bytes() >= HALF_LOADED_BYTES)  # type: ignore[misc]  # bound now
            os.kill(reader.pid, signal.SIGSTOP)
        wait_until(lambda: second.has_ended)
        assert (second.was_put_back, first.returncode) == (True, None)
        intake.step()
        assert sqlite_client.get(f"/v1/datasets/{made[1]}").json()["place_in_line"] == 1
        readers.finish(0)
        intake.step()
        assert readers.data_sets == [*made, made[1]]
        readers.finish(2)
        intake.step()
    assert [read(sqlite_client, each)["status"] for each in made] == ["ready"] * 2
