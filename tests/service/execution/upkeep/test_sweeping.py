"""Bytes that no data set has any more go, a few at a time, and those that one has stay."""

import io
import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from service.datasets import disk_space, repository, service, uploads
from service.datasets.cache import DatasetCache
from service.datasets.models import DatasetArrayRow, DatasetRow, DatasetUploadRow
from service.datasets.repository import PIECES
from service.errors import NoRoom
from service.execution.upkeep import reading_process
from service.execution.upkeep.intake import ABANDONED_SECONDS, Intake
from service.execution.upkeep.sweeping import sweep
from service.storage.database import Database
from tests.service.datasets.uploading import CSV, begin_first, count, read_all, upload

LARGE = b"a,b\n" + b"1,2\n" * 3 * 2**20


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let arrays of a few numbers be stored in several pieces."""
    monkeypatch.setattr(reading_process, "PIECE_BYTES", 100)


def steps(count: int) -> Any:
    """Return a function that says so many times to go on."""
    left = itertools.count(count, -1)
    return lambda: next(left) > 0


def test_no_transaction_removes_much(client: TestClient, database: Database) -> None:
    identifier = upload(client, LARGE).json()["id"]
    pieces = count(database, DatasetUploadRow)
    assert pieces == 13
    assert client.delete(f"/v1/datasets/{identifier}").status_code == 204
    assert (count(database, DatasetRow), count(database, DatasetUploadRow)) == (0, pieces)
    assert sweep(database, steps(1))
    assert count(database, DatasetUploadRow) == pieces - PIECES
    assert sweep(database)
    assert count(database, DatasetUploadRow) == 0
    assert not sweep(database)


@pytest.mark.usefixtures("small_pieces")
def test_arrays_that_become_somebodys_again_are_whole(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    made = upload(client, target="label").json()
    read_all(database, tmp_path)
    stored = count(database, DatasetArrayRow)
    assert stored > 4
    client.delete(made["links"]["delete"])
    sweep(database, steps(2))
    assert 0 < count(database, DatasetArrayRow) < stored
    again = upload(client, target="label").json()
    read_all(database, tmp_path)
    found = client.get(again["links"]["self"]).json()
    assert count(database, DatasetArrayRow) == stored
    assert DatasetCache(database, tmp_path / "cache", 2**30).load(again["id"], found["version"]).x.shape == (
        60,
        3,
    )


@pytest.mark.usefixtures("small_pieces")
def test_larger_pieces_of_an_older_version_are_kept_as_they_are(
    client: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upload(client, target="label").json()
    read_all(database, tmp_path)
    stored = count(database, DatasetArrayRow)
    client.delete(made["links"]["delete"])
    monkeypatch.setattr(reading_process, "PIECE_BYTES", 10)
    upload(client, target="label")
    read_all(database, tmp_path)
    assert count(database, DatasetArrayRow) == stored


@pytest.mark.usefixtures("small_pieces")
def test_a_data_set_that_is_deleted_while_it_is_read_leaves_nothing(
    client: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upload(client, target="label").json()
    add = repository.add_array_piece

    def deleted_meanwhile(session: Any, version: str, array: str, position: int, content: bytes) -> None:
        add(session, version, array, position, content)
        if position == 1:
            service.delete(session, "local", made["id"])

    monkeypatch.setattr(repository, "add_array_piece", deleted_meanwhile)
    with database.transaction() as session:
        begun = begin_first(session)
    assert begun is not None
    reading_process.read(database, *begun, tmp_path)
    sweep(database)
    for table in (DatasetRow, DatasetUploadRow, DatasetArrayRow):
        assert count(database, table) == 0


def test_what_a_dead_process_has_begun_to_copy_is_given_up(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    awaited = client.post("/v1/datasets/announcements", json={}).json()["id"]
    with database.transaction() as session:
        copied = uploads.announce(session, "local", uploads.Announced("half", {}))
        repository.change(session, copied, {"bytes": 5}, status="uploading")
        repository.add_upload_piece(session, copied, 0, b"a,b\n1")
    intake = Intake(database, tmp_path / "intake", lambda: True)
    for second in range(int(ABANDONED_SECONDS)):
        intake.give_up_uploads(float(second))
    assert count(database, DatasetRow) == 2
    intake.give_up_uploads(ABANDONED_SECONDS)
    sweep(database)
    assert (count(database, DatasetRow), count(database, DatasetUploadRow)) == (2, 0)
    # Whoever announced it may send it again.
    for identifier in (awaited, copied):
        assert (
            client.put(f"/v1/datasets/{identifier}/content", content=CSV + identifier.encode()).status_code
            == 202
        )


def test_what_nobody_sends_is_forgotten_in_the_end(
    client: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.execution.upkeep.intake.AWAITED_SECONDS", 3.0)
    client.post("/v1/datasets/announcements", json={})
    intake = Intake(database, tmp_path / "intake", lambda: True)
    for second in range(4):
        assert count(database, DatasetRow) == 1
        intake.give_up_uploads(float(second))
    assert count(database, DatasetRow) == 0


def test_a_reader_whose_database_is_full_says_so(
    sqlite_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite_client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    made = upload(sqlite_client, target="label").json()

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("INSERT", None, error)

    monkeypatch.setattr(repository, "add_array_piece", full)
    with database.transaction() as session:
        begun = begin_first(session)
    assert begun is not None
    reading_process.read(database, *begun, tmp_path)
    rejection = sqlite_client.get(made["links"]["self"]).json()["rejection"]
    assert rejection["reasons"][0]["found"] == "A full disk of the database."


def test_an_upload_for_which_there_is_no_room_is_refused_first(
    sqlite_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = sqlite_client.post("/v1/datasets/announcements", json={}).json()
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 2**62)
    for answer in (upload(sqlite_client), sqlite_client.put(announced["links"]["content"], content=CSV)):
        assert answer.status_code == 507
        assert "bytes free" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "60"
    database = sqlite_client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    assert (count(database, DatasetRow), count(database, DatasetUploadRow)) == (1, 0)


def test_room_that_ends_half_way_leaves_nothing(
    sqlite_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite_client.app.state.database  # type: ignore[attr-defined]  # see above

    class Filling(io.BytesIO):
        turns = 0

        @override
        def read(self, size: int | None = -1) -> bytes:
            self.turns += 1
            if self.turns == 17:
                monkeypatch.setattr(disk_space, "RESERVE_BYTES", 2**62)
            return super().read(size)

    identifier = sqlite_client.post("/v1/datasets/announcements", json={}).json()["id"]
    with pytest.raises(NoRoom):
        uploads.receive(database, "local", identifier, Filling(LARGE))
    assert count(database, DatasetUploadRow) == 0
    assert sqlite_client.get(f"/v1/datasets/{identifier}").json()["status"] == "uploading"


def test_a_reader_without_room_says_so(
    sqlite_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite_client.app.state.database  # type: ignore[attr-defined]  # see above
    made = upload(sqlite_client, target="label").json()
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 2**62)
    read_all(database, tmp_path)
    found = sqlite_client.get(made["links"]["self"]).json()
    assert found["status"] == "rejected"
    assert "bytes free" in found["rejection"]["reasons"][0]["found"]
    assert found["rejection"]["advice"].startswith("Free some disk space")
    assert (count(database, DatasetUploadRow), count(database, DatasetArrayRow)) == (0, 0)
