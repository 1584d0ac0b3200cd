"""Whoever shares a dispatch, and however it comes and goes: each ends with the bits of its lone run."""

from typing import Any

import pytest
import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.experiments.actions import cancel, pause, resume
from service.experiments.models import ExperimentRow, ResumeStateRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import claim
from tests.service.execution.worker.lone_runs import check_lone, join, trains
from tests.service.execution.worker.training import WAIT_SECONDS, fingerprints, row, train, training, wait_for

LONG = 1000


@pytest.fixture
def fresh_database_url(fresh_sqlite_url: str) -> str:
    """URL of an SQLite file; test_worker.py and the tests of the ledger store the same in PostgreSQL, too."""
    return fresh_sqlite_url


def test_a_cohort_trains_as_if_each_were_alone(database: Database, submit_together: Submit) -> None:
    rates: list[dict[str, Any]] = [{"name": "sgd", "learning_rate": rate} for rate in (0.01, 0.1, 1e6)]
    ids = [
        submit_together(dataset="diabetes", penalty="l2", max_epochs=30, optimizer=rate, **own)
        for rate in rates
        for own in ({"lambda": 0.1, "seed": 5}, {"lambda": 3.0, "patience": 2, "min_delta": 0.01})
    ]
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    for id_ in ids:
        check_lone(database, id_)
    assert [row(database, id_).status for id_ in ids] == [*["succeeded"] * 4, *["failed"] * 2]


def test_joining_and_leaving_change_nothing(database: Database, submit_together: Submit) -> None:
    stays, cancelled, paused = (submit_together(max_epochs=100_000, seed=seed) for seed in range(3))
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id):
        wait_for(lambda: all(trains(database, id_) for id_ in (stays, cancelled, paused)))
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, cancelled)
            pause(session, LOCAL_OWNER, paused)
        late = [submit_together(max_epochs=100, seed=seed, penalty="none", patience=7) for seed in (7, 8)]
        wait_for(lambda: join(database, *late) and row(database, paused).status == "paused")
        wait_for(lambda: row(database, late[1]).last_epoch > 0)
        assert row(database, paused).dispatch_id is None
        at = row(database, paused).last_epoch
        with database.transaction() as session:
            resume(session, LOCAL_OWNER, paused)
        wait_for(lambda: join(database, paused) and row(database, paused).last_epoch > at)
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, paused)
            cancel(session, LOCAL_OWNER, stays)
    stored = [row(database, id_) for id_ in (stays, cancelled, paused, *late)]
    assert [each.status for each in stored] == [*["cancelled"] * 3, *["succeeded"] * 2]
    assert [each.attempt for each in stored] == [1, 1, 2, 1, 1]
    for each in stored:
        check_lone(database, each.id)


def test_a_stopped_worker_hands_back_all_of_them(database: Database, submit_together: Submit) -> None:
    ids = [submit_together(max_epochs=LONG, seed=seed) for seed in range(3)]
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id) as process:
        wait_for(lambda: all(trains(database, id_) for id_ in ids))
        process.stop(WAIT_SECONDS)
    assert {(row(database, id_).status, row(database, id_).losses) for id_ in ids} == {("queued", 0)}
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    for id_ in ids:
        assert row(database, id_).attempt == 2
        check_lone(database, id_)


def test_a_poisoned_experiment_fails_alone(database: Database, submit_together: Submit) -> None:
    ids = [submit_together(seed=seed) for seed in range(3)]
    with database.transaction() as session:
        session.add(ResumeStateRow(experiment_id=ids[1], position=0, epoch=1, content=b"not a state"))
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    assert {row(database, id_).status for id_ in ids} == {"queued"}
    dispatches = claim(database, count=9)
    assert len(dispatches) == 3
    for dispatch_id in dispatches:
        train(database, dispatch_id)
    assert [row(database, id_).status for id_ in ids] == ["succeeded", "failed", "succeeded"]
    error = row(database, ids[1]).error
    assert error is not None
    assert error["code"] == "invalid_checkpoint"
    check_lone(database, ids[0])
    check_lone(database, ids[2])


def test_time_is_up_for_one_and_not_for_another(database: Database, submit_together: Submit) -> None:
    limited, free = (submit_together(max_epochs=LONG, seed=seed) for seed in range(2))
    with database.transaction() as session:
        session.get_one(ExperimentRow, limited).time_limit_seconds = 1e-9
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    stored = row(database, limited)
    assert (stored.status, stored.stop_reason, stored.last_epoch) == ("succeeded", "time_limit", 1)
    assert stored.test is not None
    assert set(fingerprints(database, limited)) == {"best", "last"}
    check_lone(database, free)


def test_time_counts_over_all_attempts(database: Database, submit_together: Submit) -> None:
    id_ = submit_together(max_epochs=100_000)
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id) as process:
        wait_for(lambda: trains(database, id_))
        process.stop(WAIT_SECONDS)
    before = row(database, id_).last_epoch
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(time_limit_seconds=1e-9))
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    stored = row(database, id_)
    assert (stored.stop_reason, stored.last_epoch) == ("time_limit", before + 1)
