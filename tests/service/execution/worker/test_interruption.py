"""Cancel, pause, shutdown and time limit take effect within an epoch, of which nothing stays."""

from typing import Any

import pytest
import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.checkpoints.models import CheckpointRow
from service.experiments.actions import cancel, pause, resume
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import claim, row
from tests.service.execution.worker.lone_runs import check_lone, trains
from tests.service.execution.worker.training import (
    WAIT_SECONDS,
    epochs,
    fingerprints,
    train,
    training,
    wait_for,
)

SLOW: dict[str, Any] = {
    "dataset": "digits",
    "architecture": [{"units": 4, "activation": "gelu"}] * 20,
    "batch_size": 1,
    "max_epochs": 2,
    "patience": None,
}
"""An epoch is a second: longer than it takes to hear of a wish."""


@pytest.fixture
def fresh_database_url(fresh_sqlite_url: str) -> str:
    """URL of an SQLite file; test_worker.py and the tests of the ledger store the same in PostgreSQL, too."""
    return fresh_sqlite_url


def test_lanes_leave_within_an_epoch(database: Database, submit_together: Submit) -> None:
    cancelled, paused, stays = (submit_together(**SLOW, seed=seed) for seed in range(3))
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id):
        wait_for(lambda: all(trains(database, id_) for id_ in (cancelled, paused, stays)))
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, cancelled)
            pause(session, LOCAL_OWNER, paused)
        wait_for(lambda: row(database, paused).status == "paused")
        assert row(database, cancelled).status == "cancelled"
        assert row(database, stays).last_epoch == 1
    with database.transaction() as session:
        resume(session, LOCAL_OWNER, paused)
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    assert [row(database, id_).last_epoch for id_ in (cancelled, paused, stays)] == [1, 2, 2]
    for id_ in (cancelled, paused, stays):
        check_lone(database, id_)


def test_a_stopped_worker_hands_back_the_last_whole_epoch(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment(**SLOW)
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id) as process:
        wait_for(lambda: trains(database, id_))
        process.stop(WAIT_SECONDS)
    assert (row(database, id_).status, row(database, id_).last_epoch) == ("queued", 1)
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id):
        wait_for(lambda: row(database, id_).status == "running")
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, id_)
    stored = row(database, id_)
    assert (stored.status, stored.last_epoch) == ("cancelled", 1)
    with database.reading() as session:
        kept = session.scalars(sa.select(CheckpointRow.metrics).where(CheckpointRow.kind == "last"))
        assert kept.all() == [stored.final]
    check_lone(database, id_)


@pytest.mark.parametrize("way", ["time limit", "cancel", "pause", "stop"])
def test_within_the_first_epoch_there_is_nothing_to_keep(
    database: Database, submit_experiment: Submit, way: str
) -> None:
    id_ = submit_experiment(**SLOW, **({"time_limit_seconds": 0.1} if way == "time limit" else {}))
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id) as process:
        wait_for(lambda: row(database, id_).status != "dispatched")
        with database.transaction() as session:
            if way == "cancel":
                cancel(session, LOCAL_OWNER, id_)
            elif way == "pause":
                pause(session, LOCAL_OWNER, id_)
        if way == "stop":
            process.stop(WAIT_SECONDS)
    stored = row(database, id_)
    assert (stored.status, stored.stop_reason) == {
        "time limit": ("failed", "time_limit"),
        "cancel": ("cancelled", "user"),
        "pause": ("paused", None),
        "stop": ("queued", None),
    }[way]
    assert (stored.last_epoch, epochs(database, id_), fingerprints(database, id_)) == (0, [], {})
    assert (stored.best, stored.final, stored.test) == (None, None, None)
    if way == "time limit":
        assert stored.error is not None
        assert stored.error["code"] == "time_limit"
