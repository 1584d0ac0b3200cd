"""A run goes on only under the revision of the engine that began it; under another it begins again."""

import dataclasses

import pytest
import sqlalchemy as sa

from engine.revision import ENGINE_REVISION
from engine.safetensors import from_safetensors, to_safetensors
from service.access.caller import LOCAL_OWNER
from service.execution.ledger.blobs import State, read_state, replace_states
from service.execution.ledger.restart import RESTARTED
from service.execution.worker.dispatches import OtherRevision
from service.execution.worker.work import Lease
from service.experiments.actions import cancel, pause, resume
from service.experiments.history.models import EventRow
from service.experiments.models import ExperimentRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import EPOCHS, begin, claim, flush, lose_all, row, store
from tests.service.execution.worker.lone_runs import check_lone, join, trains
from tests.service.execution.worker.training import (
    WAIT_SECONDS,
    epochs,
    fingerprints,
    train,
    training,
    wait_for,
)

OLDER = ENGINE_REVISION - 1


@pytest.fixture
def fresh_database_url(fresh_sqlite_url: str) -> str:
    """URL of an SQLite file; test_worker.py and the tests of the ledger store the same in PostgreSQL, too."""
    return fresh_sqlite_url


def make_older(database: Database, id_: str) -> None:
    """Have what is stored of an experiment be another revision's: another number, and other bits."""
    with database.transaction() as session:
        content = read_state(session, id_).bytes
        assert content is not None
        state = from_safetensors(content)
        arrays = {name: array + 1 for name, array in state.arrays.items()}
        other = dataclasses.replace(state, arrays=arrays, document={**state.document, "revision": OLDER})
        replace_states(session, [State(id_, row(database, id_).last_epoch, to_safetensors(other))])
        changed = sa.update(ExperimentRow).where(ExperimentRow.id == id_)
        session.execute(changed.values(engine_revision=OLDER))


def told(database: Database, id_: str) -> list[EventRow]:
    with database.reading() as session:
        own = sa.select(EventRow).where(EventRow.experiment_id == id_)
        return list(session.scalars(own.order_by(EventRow.sequence)))


def check_restarted(database: Database, id_: str) -> None:
    """Everything is of this revision, one warning says so, and each epoch is told once, after it."""
    check_lone(database, id_)
    stored = row(database, id_)
    assert stored.engine_revision == ENGINE_REVISION
    (warning,) = stored.warnings
    assert (warning["code"], warning["pointer"]) == (RESTARTED, "#")
    assert f"revision {OLDER}, " in warning["message"]
    events = told(database, id_)
    (warned,) = [event for event in events if event.type == "experiment.warning"]
    assert warned.data == warning
    curve = [event for event in events if event.type == "experiment.epoch"]
    assert curve[0].sequence > warned.sequence
    numbers = [event.data["from_epoch"] + place for event in curve for place in range(event.count)]
    assert numbers == epochs(database, id_)
    assert stored.last_event == events[-1].sequence


@pytest.mark.parametrize("way", ["handed back", "paused"])
def test_a_half_done_run_begins_again(database: Database, submit_experiment: Submit, way: str) -> None:
    id_ = submit_experiment(max_epochs=3000, optimizer={"name": "adam"})
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id) as process:
        wait_for(lambda: row(database, id_).last_epoch > 0)
        if way == "paused":
            with database.transaction() as session:
                pause(session, LOCAL_OWNER, id_)
        else:
            process.stop(WAIT_SECONDS)
    stored = row(database, id_)
    assert 0 < stored.last_epoch < 3000
    before = Lease(id_, stored.attempt)
    make_older(database, id_)
    if way == "paused":
        with database.transaction() as session:
            resume(session, LOCAL_OWNER, id_)
    (dispatch_id,) = claim(database)
    began_again = row(database, id_)
    assert (began_again.last_epoch, began_again.best, epochs(database, id_)) == (0, None, [])
    assert fingerprints(database, id_) == {}
    assert store(database, dataclasses.replace(flush(before), flushed_epoch=0)) is None
    train(database, dispatch_id)
    check_restarted(database, id_)


def test_what_had_not_begun_just_runs(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(engine_revision=OLDER))
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    check_lone(database, id_)
    stored = row(database, id_)
    assert "restarted_by_new_revision" not in [each["code"] for each in stored.warnings]
    assert stored.engine_revision == ENGINE_REVISION


def test_one_that_joins_a_stack_begins_again(database: Database, submit_together: Submit) -> None:
    stays, joins = (submit_together(max_epochs=100_000, seed=seed) for seed in range(2))
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id):
        wait_for(lambda: trains(database, stays) and trains(database, joins))
        with database.transaction() as session:
            pause(session, LOCAL_OWNER, joins)
        wait_for(lambda: row(database, joins).status == "paused")
        make_older(database, joins)
        with database.transaction() as session:
            resume(session, LOCAL_OWNER, joins)
        wait_for(lambda: join(database, joins) and trains(database, joins))
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, stays)
            cancel(session, LOCAL_OWNER, joins)
    check_lone(database, stays)
    assert row(database, stays).warnings == []
    check_restarted(database, joins)


def test_a_worker_of_another_revision_than_the_dispatcher_touches_nothing(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    lease = begin(database).lease
    store(database, flush(lease))
    lose_all(database)
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(engine_revision=ENGINE_REVISION + 1))
    with pytest.raises(OtherRevision):
        train(database, dispatch_id)
    stored = row(database, id_)
    assert (stored.status, stored.attempt, stored.last_epoch) == ("dispatched", 1, len(EPOCHS))
