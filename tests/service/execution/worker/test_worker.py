"""A worker with the real engine and a real database, in this process."""

import pytest
import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.execution.dispatching import repository
from service.execution.worker.dispatches import DispatchLost
from service.experiments.actions import cancel
from service.experiments.models import EpochRow, ExperimentRow, ResumeStateRow
from service.experiments.service import submit
from service.storage.database import Database, migrate, utc_now
from tests.postgresql import PostgresqlServer
from tests.service.execution.conftest import Submit
from tests.service.execution.worker.training import (
    LONG,
    WAIT_SECONDS,
    claim,
    epochs,
    fingerprints,
    row,
    train,
    training,
    wait_for,
)


def test_an_experiment_is_trained_and_stored(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment(max_epochs=5)
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.status, stored.stop_reason, stored.attempt) == ("succeeded", "max_epochs", 1)
    assert (stored.last_epoch, stored.dispatch_id, stored.error) == (5, None, None)
    assert stored.best_epoch is not None
    assert stored.best is not None
    assert stored.final is not None
    assert stored.test is not None
    assert set(stored.test) == {"loss", "accuracy"}
    assert "seconds" not in stored.best
    assert epochs(database, id_) == [1, 2, 3, 4, 5]
    assert set(fingerprints(database, id_)) == {"best", "last"}
    with database.reading() as session:
        assert session.scalars(sa.select(ResumeStateRow)).all() == []


def test_best_and_final_are_the_metrics_of_their_epochs(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment(max_epochs=20, optimizer={"name": "sgd", "learning_rate": 2.0})
    train(database, claim(database))
    stored = row(database, id_)
    with database.reading() as session:
        for epoch, document in ((stored.best_epoch, stored.best), (stored.last_epoch, stored.final)):
            metrics = session.get_one(EpochRow, (id_, epoch))
            assert document is not None
            assert document["train_loss"] == metrics.train_loss
            assert document["val_accuracy"] == metrics.val_accuracy


def test_seconds_count_up(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment(max_epochs=20)
    train(database, claim(database))
    with database.reading() as session:
        query = sa.select(EpochRow.seconds).where(EpochRow.experiment_id == id_).order_by(EpochRow.epoch)
        seconds = [value for value in session.scalars(query) if value is not None]
    assert len(seconds) == 20
    assert seconds[0] > 0
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("way", ["stopped", "asked"])
def test_a_worker_hands_back_and_another_ends_with_the_same_bits(
    database: Database, submit_experiment: Submit, way: str
) -> None:
    changes = {"max_epochs": 3000, "patience": 2000, "optimizer": {"name": "adam"}}
    undisturbed, disturbed = submit_experiment(**changes), submit_experiment(**changes)
    train(database, claim(database))
    dispatch_id = claim(database)
    with training(database, dispatch_id) as process:
        wait_for(lambda: row(database, disturbed).last_epoch > 0)
        if way == "stopped":
            process.stop(WAIT_SECONDS)
        else:
            with database.transaction() as session:
                repository.ask_back(session, dispatch_id)
    handed_back = row(database, disturbed)
    assert (handed_back.status, handed_back.losses, handed_back.dispatch_id) == ("queued", 0, None)
    assert 0 < handed_back.last_epoch < 3000

    train(database, claim(database))
    first, second = row(database, undisturbed), row(database, disturbed)
    assert second.attempt == 2
    assert epochs(database, disturbed) == epochs(database, undisturbed)
    assert fingerprints(database, disturbed) == fingerprints(database, undisturbed)
    assert (second.best, second.final, second.test) == (first.best, first.final, first.test)
    assert (second.best_epoch, second.argmin_epoch) == (first.best_epoch, first.argmin_epoch)


def test_cancelling_keeps_what_was_learned(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment(**LONG)
    with training(database, claim(database)):
        wait_for(lambda: row(database, id_).last_epoch > 0)
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, id_)
    stored = row(database, id_)
    assert (stored.status, stored.stop_reason) == ("cancelled", "user")
    assert 0 < stored.last_epoch < 100_000
    assert epochs(database, id_) == list(range(1, stored.last_epoch + 1))
    assert set(fingerprints(database, id_)) == {"best", "last"}
    assert stored.test is not None


def test_a_worker_whose_experiment_was_taken_over_stops_and_writes_nothing(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment(**LONG)
    with training(database, claim(database)):
        wait_for(lambda: row(database, id_).last_epoch > 0)
        with database.transaction() as session:
            session.execute(sa.update(ExperimentRow).values(status="queued", dispatch_id=None))
            last_epoch = session.get_one(ExperimentRow, id_).last_epoch
    stored = row(database, id_)
    assert (stored.status, stored.last_epoch) == ("queued", last_epoch)
    assert epochs(database, id_) == list(range(1, last_epoch + 1))


def test_a_dispatch_that_another_worker_had_begun_is_reported(
    database: Database, submit_experiment: Submit
) -> None:
    submit_experiment()
    dispatch_id = claim(database)
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="running", attempt=1))
    with pytest.raises(DispatchLost):
        train(database, dispatch_id)


def test_a_dispatch_that_was_taken_back_is_nothing_to_do(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    dispatch_id = claim(database)
    with database.transaction() as session:
        repository.release(session, repository.held(session), utc_now(), lost=True)
    train(database, dispatch_id)
    assert (row(database, id_).status, row(database, id_).attempt) == ("queued", 0)


def test_a_diverging_run_fails_with_its_numbers_as_null(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment(
        dataset="diabetes", activation="relu", max_epochs=50, optimizer={"name": "sgd", "learning_rate": 1e6}
    )
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.status, stored.stop_reason) == ("failed", "non_finite")
    assert stored.error is not None
    assert stored.final is not None
    assert "train_loss" in stored.final["non_finite"]
    with database.reading() as session:
        last = session.get_one(EpochRow, (id_, stored.last_epoch))
    assert last.train_loss is None
    assert last.non_finite is not None
    assert "train_loss" in last.non_finite


def test_what_cannot_be_trained_fails_in_words(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(dataset_version="another"))
    train(database, claim(database))
    stored = row(database, id_)
    assert (stored.status, stored.stop_reason) == ("failed", "error")
    assert stored.error is not None
    assert stored.error["code"] == "dataset_mismatch"


def test_training_outlasts_an_outage_of_the_database(private_postgresql: PostgresqlServer) -> None:
    url = private_postgresql.url()
    migrate(url)
    database = Database(url)
    with database.transaction() as session:
        id_ = submit(session, LOCAL_OWNER, LONG | {"max_epochs": 20_000}).row.id
    with training(database, claim(database)):
        wait_for(lambda: row(database, id_).last_epoch > 0)
        private_postgresql.stop()
        private_postgresql.start()
        before = row(database, id_).last_epoch
        wait_for(lambda: row(database, id_).last_epoch > before)
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, id_)
    stored = row(database, id_)
    assert (stored.status, stored.attempt, stored.losses) == ("cancelled", 1, 0)
    assert epochs(database, id_) == list(range(1, stored.last_epoch + 1))
    database.close()
