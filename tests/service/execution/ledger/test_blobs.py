"""Large contents: written before anything refers to them, shared, and removed a few pieces at a time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from fastapi.testclient import TestClient

import migrations
from service.access.caller import LOCAL_OWNER
from service.app import create_app
from service.blobs import repository
from service.blobs.models import BlobPieceRow, BlobRow
from service.checkpoints.initial import damaged
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.errors import Damaged
from service.execution.ledger import blobs
from service.execution.upkeep import sweeper
from service.execution.upkeep.sweeper import Sweeper
from service.execution.upkeep.sweeping import sweep
from service.execution.upkeep.verification import verify
from service.execution.worker import run
from service.experiments.actions import delete
from service.experiments.models import ResumeStateRow
from service.experiments.service import submit
from service.settings import Settings
from service.storage.database import Database, migrate
from tests.service.execution.conftest import SMALL, Submit
from tests.service.execution.steps import count
from tests.service.execution.worker.training import claim, fingerprints, row, train, training, wait_for

RUN: dict[str, Any] = {"architecture": [8], "max_epochs": 800, "patience": None}


@pytest.fixture(autouse=True)
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every content take the way of the large ones, in several pieces."""
    monkeypatch.setattr(run, "SMALL_BYTES", 0)
    monkeypatch.setattr(blobs, "BLOB_PIECE_BYTES", 400)


def remove(database: Database, id_: str) -> None:
    with database.transaction() as session:
        delete(session, "local", id_)


def blob_of(database: Database, id_: str, kind: str = "best") -> str:
    with database.reading() as session:
        return str(session.get_one(CheckpointRow, (id_, kind)).blob_id)


def download(database: Database, folder: Path, id_: str, kind: str = "best") -> Any:
    """The response to a download of a checkpoint."""
    url = database.url.render_as_string(hide_password=False)
    with TestClient(create_app(Settings(data_dir=folder, database_url=url)), "http://127.0.0.1") as client:
        return client.get(f"/v1/experiments/{id_}/checkpoints/{kind}/content")


def flipped(database: Database, blob_id: str) -> Iterator[None]:
    """Flip a bit of the first byte, one in the middle and the last one of each piece in turn."""
    with database.reading() as session:
        statement = sa.select(BlobPieceRow.position, BlobPieceRow.content).filter_by(blob_id=blob_id)
        pieces = session.execute(statement.order_by(BlobPieceRow.position)).all()
    assert len(pieces) > 2
    for position, whole in pieces:
        for place in (0, len(whole) // 2, len(whole) - 1):
            damaged = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
            write(database, blob_id, position, damaged)
            yield
            write(database, blob_id, position, whole)


def write(database: Database, blob_id: str, position: int, content: bytes) -> None:
    with database.transaction() as session:
        session.get_one(BlobPieceRow, (blob_id, position)).content = content


def test_a_warm_start_shares_them_until_nobody_needs_them(
    database: Database, submit_experiment: Submit, tmp_path: Path
) -> None:
    source = submit_experiment()
    train(database, claim(database))
    sweep(database)
    stored = count(database, BlobPieceRow)
    assert (count(database, BlobRow), count(database, CheckpointChunkRow)) == (2, 0)
    warm = submit_experiment(init={"name": "given", "checkpoint": f"{source}/last"})
    assert blob_of(database, warm, "initial") == blob_of(database, source, "last")
    assert count(database, BlobPieceRow) == stored
    wanted = fingerprints(database, source)
    assert hashlib.sha256(download(database, tmp_path, source).content).hexdigest() == wanted["best"]
    remove(database, source)
    assert count(database, BlobPieceRow) == stored
    sweep(database)
    initial = download(database, tmp_path, warm, "initial").content
    assert hashlib.sha256(initial).hexdigest() == wanted["last"]
    train(database, claim(database))
    assert row(database, warm).status == "succeeded"
    remove(database, warm)
    sweep(database)
    assert (count(database, BlobRow), count(database, BlobPieceRow)) == (0, 0)


def test_a_run_goes_on_from_them_with_the_same_bits(database: Database, submit_experiment: Submit) -> None:
    undisturbed, disturbed = submit_experiment(**RUN), submit_experiment(**RUN)
    train(database, claim(database))
    with training(database, claim(database)) as process:
        wait_for(lambda: row(database, disturbed).last_epoch > 0)
        process.stop(60.0)
    assert row(database, disturbed).status == "queued"
    with database.reading() as session:
        state = session.get_one(ResumeStateRow, (disturbed, 0))
    assert (state.content, state.blob_id is None) == (b"", False)
    train(database, claim(database))
    assert fingerprints(database, disturbed) == fingerprints(database, undisturbed)
    sweep(database)
    assert count(database, BlobRow) == 4


def test_a_flipped_bit_is_noticed(database: Database, submit_experiment: Submit, tmp_path: Path) -> None:
    source = submit_experiment()
    train(database, claim(database))
    for _ in flipped(database, blob_of(database, source)):
        assert download(database, tmp_path, source).json()["errors"][0]["code"] == "damaged"
    blob_id = blob_of(database, source)
    for _ in flipped(database, blob_id):
        with pytest.raises(Damaged):
            blobs.load(database, blob_id, damaged(source, "best"))
    warm = submit_experiment(init={"name": "given", "checkpoint": source})
    next(flipped(database, blob_id))
    train(database, claim(database))
    assert (row(database, warm).error or {})["code"] == "damaged"


def test_all_damage_is_listed(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    train(database, claim(database))
    assert list(verify(database)) == [None, None]
    for _ in flipped(database, blob_of(database, id_, "last")):
        found = [str(each) for each in verify(database) if each is not None]
        assert len(found) == 1
        assert f"{id_}/last is damaged" in found[0]


def test_a_damaged_state_is_not_resumed(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment(**RUN)
    with training(database, claim(database)) as process:
        wait_for(lambda: row(database, id_).last_epoch > 0)
        process.stop(60.0)
    with database.reading() as session:
        blob_id = str(session.get_one(ResumeStateRow, (id_, 0)).blob_id)
    for _ in flipped(database, blob_id):
        with pytest.raises(Damaged):
            blobs.load(database, blob_id, blobs.damaged_state(id_))
    next(flipped(database, blob_id))
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.status, stored.last_epoch) == ("succeeded", RUN["max_epochs"])
    assert [warning["code"] for warning in stored.warnings] == ["restarted_after_damage"]


def test_what_a_dead_worker_began_to_write_is_removed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        repository.create(session, "half")
        repository.add_piece(session, "half", 0, b"piece")
    clock = iter(range(1000))
    monkeypatch.setattr("service.execution.upkeep.sweeper.time.monotonic", lambda: float(next(clock)))
    sweeping: Any = Sweeper(database, lambda: True)
    for _ in range(int(sweeper.ABANDONED_SECONDS)):
        sweeping._give_up_blobs()  # noqa: SLF001 - one look of its loop
    sweep(database)
    assert count(database, BlobPieceRow) == 1
    sweeping._give_up_blobs()  # noqa: SLF001 - see above
    sweep(database)
    assert (count(database, BlobRow), count(database, BlobPieceRow)) == (0, 0)
    with database.transaction() as session, pytest.raises(repository.BlobGone):
        repository.add_piece(session, "half", 1, b"piece")


def test_what_was_removed_meanwhile_is_written_again(
    database: Database, submit_experiment: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, lost = blobs.stage, list[str]()

    def lose_the_first(content: Iterable[bytes], persist: Callable[..., None]) -> str:
        blob_id = stage(content, persist)
        if not lost:
            lost.append(blob_id)
            with database.transaction() as session:
                repository.let_go(session, [blob_id])
            sweep(database)
        return blob_id

    monkeypatch.setattr(run, "stage", lose_the_first)
    id_ = submit_experiment()
    train(database, claim(database))
    assert lost
    assert row(database, id_).status == "succeeded"
    with database.reading() as session:
        assert session.get(BlobRow, lost[0]) is None


def test_an_older_version_can_read_them(database_url: str, tmp_path: Path) -> None:
    migrate(database_url)
    with closing(Database(database_url)) as database:
        with database.transaction() as session:
            id_ = str(submit(session, LOCAL_OWNER, SMALL).row.id)
        train(database, claim(database))
        before = download(database, tmp_path, id_).content
        with database.engine.connect() as connection:
            command.downgrade(migrations.configuration(connection), "0017")
        with database.reading() as session:
            pieces = sa.select(CheckpointChunkRow.content).filter_by(experiment_id=id_, kind="best")
            found = session.scalars(pieces.order_by(CheckpointChunkRow.position)).all()
        assert (b"".join(found), len(found) > 2) == (before, True)
        migrate(database_url)
        assert download(database, tmp_path, id_).content == before
