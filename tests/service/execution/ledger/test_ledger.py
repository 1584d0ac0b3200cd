"""What workers write: only as long as they may, all of it or nothing."""

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa

from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.execution.ledger import writes
from service.execution.ledger.blobs import CHUNK_BYTES, Weights
from service.execution.worker.work import Ending, Lease, Progress, Wishes
from service.experiments.models import EpochRow, ExperimentRow, ResumeStateRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import EPOCHS, begin, claim, count, flush, lose_all, row, store


def test_beginning_starts_one_attempt(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        (work,) = writes.begin(session, dispatch_id)
    with database.transaction() as session:
        assert writes.begin(session, dispatch_id) == []
        assert writes.is_held(session, dispatch_id)
    assert work.lease == Lease(id_, 1)
    stored = row(database, id_)
    assert (stored.status, stored.attempt) == ("running", 1)
    assert stored.started_at is not None


def test_a_dispatch_that_was_taken_back_is_not_begun(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    (dispatch_id,) = claim(database)
    lose_all(database)
    with database.transaction() as session:
        assert writes.begin(session, dispatch_id) == []
        assert not writes.is_held(session, dispatch_id)


def test_a_flush_stores_everything(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    work = begin(database)
    assert store(database, flush(work.lease))
    stored = row(database, work.lease.experiment_id)
    assert (stored.last_epoch, stored.best_epoch, stored.best) == (2, 1, {"train_loss": 1.0})
    assert (count(database, EpochRow), count(database, ResumeStateRow)) == (2, 1)
    assert count(database, CheckpointRow) == 1


def test_the_next_attempt_goes_on_from_the_flush(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    store(database, flush(begin(database).lease, b"x" * 10))
    started = row(database, submit_experiment()).started_at
    assert started is None
    lose_all(database)
    work = begin(database)
    assert (work.lease.attempt, work.last_epoch, work.seconds, work.state) == (2, 2, 2.0, b"x" * 10)
    assert (work.best_epoch, work.best) == (1, {"train_loss": 1.0})


def test_a_zombie_writes_nothing(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    zombie = begin(database)
    lose_all(database)
    assert not store(database, flush(zombie.lease))
    heir = begin(database)
    assert not store(database, flush(zombie.lease))
    assert not store(database, replace(flush(zombie.lease), ending=Ending("succeeded", "max_epochs")))
    with database.transaction() as session:
        writes.beat(session, [zombie.lease])
        writes.hand_back(session, "", [zombie.lease])
        assert writes.wishes(session, "", [zombie.lease]).gone == {zombie.lease}
    assert (count(database, EpochRow), count(database, ResumeStateRow), count(database, CheckpointRow)) == (
        0,
        0,
        0,
    )
    stored = row(database, heir.lease.experiment_id)
    assert (stored.status, stored.attempt, stored.last_epoch) == ("running", 2, 0)


def test_a_flush_that_fails_leaves_nothing(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    work = begin(database)
    twice = replace(flush(work.lease), epochs=[*EPOCHS, EPOCHS[0]])
    with pytest.raises(sa.exc.IntegrityError):
        store(database, twice)
    stored = row(database, work.lease.experiment_id)
    assert (stored.last_epoch, stored.best) == (0, None)
    assert (count(database, EpochRow), count(database, ResumeStateRow), count(database, CheckpointRow)) == (
        0,
        0,
        0,
    )


def test_storing_the_same_again_does_no_harm(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    work = begin(database)
    assert store(database, flush(work.lease))
    assert store(database, flush(work.lease))
    assert (count(database, EpochRow), count(database, ResumeStateRow), count(database, CheckpointRow)) == (
        2,
        1,
        1,
    )


def test_large_contents_are_stored_in_pieces(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    work = begin(database)
    content = os.urandom(2 * CHUNK_BYTES + 1)
    best = Weights("best", 1, {}, content)
    store(database, replace(flush(work.lease, content), weights=[best]))
    with database.reading() as session:
        pieces = session.scalars(
            sa.select(CheckpointChunkRow.content).order_by(CheckpointChunkRow.position)
        ).all()
    assert [len(piece) for piece in pieces] == [CHUNK_BYTES, CHUNK_BYTES, 1]
    assert b"".join(pieces) == content
    lose_all(database)
    assert begin(database).state == content


def test_an_end_is_final_and_needs_no_state(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    work = begin(database)
    store(database, flush(work.lease))
    ending = Ending("succeeded", "max_epochs", argmin_epoch=1, test={"loss": 0.5})
    assert store(database, Progress(work.lease, 2, ending=ending))
    assert not store(database, Progress(work.lease, 2, ending=ending))
    stored = row(database, work.lease.experiment_id)
    assert (stored.status, stored.stop_reason, stored.test) == ("succeeded", "max_epochs", {"loss": 0.5})
    assert (stored.last_epoch, stored.dispatch_id) == (2, None)
    assert stored.finished_at is not None
    assert (count(database, EpochRow), count(database, ResumeStateRow)) == (2, 0)


def test_what_is_handed_back_waits_in_the_queue_with_its_state(
    database: Database, submit_experiment: Submit
) -> None:
    submit_experiment()
    work = begin(database)
    with database.transaction() as session:
        writes.store(session, [flush(work.lease)])
        writes.hand_back(session, "", [work.lease])
    stored = row(database, work.lease.experiment_id)
    assert (stored.status, stored.dispatch_id, stored.losses, stored.last_epoch) == ("queued", None, 0, 2)
    assert begin(database).state == b"state"


def test_a_cancelled_experiment_that_is_handed_back_has_ended(
    database: Database, submit_experiment: Submit
) -> None:
    submit_experiment()
    work = begin(database)
    store(database, flush(work.lease))
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="cancelling", cancel_requested=True))
        dispatch_id = session.scalars(sa.select(ExperimentRow.dispatch_id)).one()
        assert writes.wishes(session, dispatch_id or "", [work.lease]) == Wishes(
            cancelled=frozenset({work.lease})
        )
        writes.hand_back(session, "", [work.lease])
    stored = row(database, work.lease.experiment_id)
    assert (stored.status, stored.stop_reason) == ("cancelled", "user")
    assert count(database, ResumeStateRow) == 0


def test_a_beat_counts_up(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    work = begin(database)
    before = row(database, work.lease.experiment_id).lease_counter
    with database.transaction() as session:
        writes.beat(session, [work.lease])
    assert row(database, work.lease.experiment_id).lease_counter > before


def test_an_experiment_without_a_state_starts_anew(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    store(database, flush(begin(database).lease))
    lose_all(database)
    with database.transaction() as session:
        session.execute(sa.delete(ResumeStateRow))
    work = begin(database)
    assert (work.last_epoch, work.seconds, work.best_epoch, work.best) == (0, 0.0, None, None)
    assert (row(database, id_).last_epoch, row(database, id_).best) == (0, None)
    assert count(database, EpochRow) == 0
    assert store(database, replace(flush(work.lease), flushed_epoch=work.last_epoch))
    assert row(database, id_).last_epoch == 2
    assert count(database, EpochRow) == 2
