"""What older versions stored in rows is moved to blobs, beside everything else that goes on."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

import migrations
from service.blobs.models import BlobRow
from service.checkpoints import service as checkpoints
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.checkpoints.service import CheckpointReplaced
from service.execution.ledger import blobs
from service.execution.upkeep import moving
from service.execution.upkeep.moving import Mover
from service.execution.upkeep.sweeping import sweep
from service.execution.upkeep.verification import verify
from service.experiments.models import ResumeStateRow
from service.experiments.service import submit
from service.storage.database import Database, migrate
from tests.service.execution.conftest import SMALL
from tests.service.execution.steps import count
from tests.service.execution.worker.training import claim, fingerprints, row, train, training, wait_for

LARGE: dict[str, Any] = {**SMALL, "architecture": [150, 150]}
RUN: dict[str, Any] = {**LARGE, "max_epochs": 200, "patience": None}


@pytest.fixture
def older(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Return a database to which one is still to be given the contents of an older version."""
    monkeypatch.setattr(blobs, "BLOB_PIECE_BYTES", 2**15)
    migrate(database_url)
    with closing(Database(database_url)) as database:
        yield database


def post(database: Database, document: dict[str, Any], **more: Any) -> str:
    with database.transaction() as session:
        return str(submit(session, "local", {**document, **more}).row.id)


def make_older(database: Database) -> None:
    """Store all contents in rows, as the version before blobs did."""
    with database.engine.connect() as connection:
        command.downgrade(migrations.configuration(connection), "0017")
    migrate(database.url.render_as_string(hide_password=False))
    assert count(database, BlobRow) == 0
    assert count(database, CheckpointChunkRow) > count(database, CheckpointRow)


def content(database: Database, id_: str, kind: str = "best") -> bytes:
    return b"".join(checkpoints.content(database, id_, kind).pieces)


def in_rows(database: Database) -> int:
    with database.reading() as session:
        first = (ResumeStateRow.position == 0, ResumeStateRow.blob_id.is_(None))
        states = sa.select(sa.func.count()).select_from(ResumeStateRow).where(*first)
        weights = sa.select(sa.func.count()).select_from(CheckpointRow).where(CheckpointRow.blob_id.is_(None))
        return session.scalars(states).one() + session.scalars(weights).one()


def move_all(database: Database) -> None:
    mover = Mover(database)
    while mover.move_one():
        pass


def test_bytes_runs_and_warm_starts_stay_the_same(older: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = post(older, RUN)
    train(older, claim(older))
    disturbed = post(older, RUN)
    with training(older, claim(older)) as process:
        wait_for(lambda: row(older, disturbed).last_epoch > 0)
        process.stop(60.0)
    before = {kind: content(older, undisturbed, kind) for kind in ("best", "last")}
    make_older(older)
    stage = blobs.stage

    def stop_half_way(pieces: Iterable[bytes], persist: Callable[..., None]) -> str:
        stage([b"x" * 2**16], persist)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(moving, "stage", stop_half_way)
        with pytest.raises(KeyboardInterrupt):
            Mover(older).move_one()
    warm = post(older, {**LARGE, "init": {"name": "given", "checkpoint": f"{undisturbed}/last"}})
    assert content(older, warm, "initial") == before["last"]
    move_all(older)
    assert in_rows(older) == 0
    # The old rows are still there and are read no longer.
    assert {kind: content(older, undisturbed, kind) for kind in before} == before
    assert list(verify(older)) == [None] * (count(older, CheckpointRow) + 1)
    sweep(older)
    assert (count(older, CheckpointChunkRow), count(older, ResumeStateRow)) == (0, 1)
    assert {kind: content(older, undisturbed, kind) for kind in before} == before
    assert content(older, warm, "initial") == before["last"]
    for _ in range(2):
        train(older, claim(older))
    assert fingerprints(older, disturbed) == fingerprints(older, undisturbed)
    assert row(older, warm).status == "succeeded"
    assert list(verify(older)) == [None] * count(older, CheckpointRow)


def test_a_download_ends_where_its_checkpoint_is_moved(
    older: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "CHECKED_FIRST_BYTES", 0)
    id_ = post(older, LARGE)
    train(older, claim(older))
    before = content(older, id_)
    make_older(older)
    sent = checkpoints.content(older, id_, "best").pieces
    first = next(sent)
    move_all(older)
    assert first == before[: len(first)]
    with pytest.raises(CheckpointReplaced):
        list(sent)
    assert content(older, id_) == before


def test_what_is_damaged_stays_and_holds_nothing_up(older: Database) -> None:
    damaged, sound = post(older, LARGE), post(older, LARGE)
    for _ in range(2):
        train(older, claim(older))
    make_older(older)
    with older.transaction() as session:
        session.execute(sa.update(CheckpointRow).filter_by(experiment_id=damaged).values(sha256="0" * 64))
    move_all(older)
    assert in_rows(older) == 2
    sweep(older)
    with older.reading() as session:
        left = session.scalars(sa.select(CheckpointChunkRow.experiment_id).distinct()).all()
    assert left == [damaged]
    assert content(older, sound)
