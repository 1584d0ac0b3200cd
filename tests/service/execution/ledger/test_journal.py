"""What is written down of an experiment's life."""

from dataclasses import replace
from typing import Any

from service.access.caller import LOCAL_OWNER
from service.execution.ledger import writes
from service.execution.worker.work import Ending, Progress
from service.experiments.actions import cancel
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import (
    begin,
    begin_all,
    claim,
    epoch,
    events,
    flush,
    lose_all,
    row,
    set_all,
    store,
)
from tests.service.execution.worker.training import train, training, wait_for

WARNING = {"pointer": "#/min_delta", "code": "b", "message": "B."}


def told(database: Database, id_: str) -> list[Any]:
    """The events in short: a status, a stretch of epochs, or the type."""
    return [
        event.data.get("status")
        or (event.data.get("from_epoch") and (event.data["from_epoch"], event.count))
        or event.type.removeprefix("experiment.")
        for event in events(database, id_)
    ]


def test_a_life_is_told_in_order(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    work = begin(database)
    store(database, flush(work.lease))
    warnings = [WARNING]
    ending = Ending("succeeded", "max_epochs", warnings=warnings, found=warnings)
    store(database, Progress(work.lease, 2, ending=ending))
    assert told(database, id_) == ["queued", "running", (1, 2), "checkpoint", "warning", "succeeded"]
    _, _, _, checkpoint, warning, end = events(database, id_)
    assert checkpoint.data["kind"] == "best"
    assert checkpoint.data["epoch"] == 1
    assert checkpoint.data["metrics"] == {"train_loss": 1.0}
    assert warning.data == WARNING
    assert (end.type, end.data) == (
        "experiment.finished",
        {"status": "succeeded", "stop_reason": "max_epochs"},
    )


def test_what_is_stored_twice_is_told_once(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    work = begin(database)
    assert store(database, flush(work.lease)) == "running"
    assert store(database, flush(work.lease)) == "running"
    set_all(database, status="pausing")
    later = replace(flush(work.lease), flushed_epoch=2, epochs=[epoch(3)])
    assert store(database, later) == "paused"
    assert store(database, later) == "paused"
    assert told(database, id_) == ["queued", "running", (1, 2), "checkpoint", (3, 1), "checkpoint", "paused"]


def test_what_is_refused_is_not_told(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    zombie = begin(database)
    lose_all(database)
    store(database, flush(zombie.lease))
    with database.transaction() as session:
        writes.hand_back(session, "", [zombie.lease])
    assert told(database, id_) == ["queued", "running", "queued"]


def test_every_way_out_of_a_workers_hands_is_told(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    lose_all(database)
    begin(database)
    lose_all(database)
    work = begin(database)
    with database.transaction() as session:
        writes.hand_back(session, "", [work.lease])
    begin(database)
    set_all(database, status="cancelling")
    lose_all(database)
    assert told(database, id_) == ["queued", "running", "queued", "running", "queued", "running", "cancelled"]
    assert events(database, id_)[-1].data["stop_reason"] == "user"


def test_a_dispatch_that_never_began_is_told_as_queued(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    claim(database)
    lose_all(database)
    assert told(database, id_)[-1] == "queued"


def test_a_run_tells_of_every_epoch_once(database: Database, submit_together: Submit) -> None:
    ids = [submit_together(max_epochs=200 + seed, seed=seed) for seed in range(3)]
    (dispatch_id,) = claim(database)
    train(database, dispatch_id)
    for id_ in ids:
        found = events(database, id_)
        numbers = [
            number
            for event in found
            if event.type == "experiment.epoch"
            for number in range(event.data["from_epoch"], event.data["from_epoch"] + event.count)
        ]
        assert numbers == list(range(1, row(database, id_).last_epoch + 1))
        assert (found[1].data["status"], found[-1].type) == ("running", "experiment.finished")
        kinds = {event.data["kind"] for event in found if event.type == "experiment.checkpoint"}
        assert kinds == {"best", "last"}


def test_a_cancelled_run_ends_its_story(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment(max_epochs=100_000)
    (dispatch_id,) = claim(database)
    with training(database, dispatch_id):
        wait_for(lambda: row(database, id_).last_epoch > 0)
        with database.transaction() as session:
            cancel(session, LOCAL_OWNER, id_)
    statuses = [each for each in told(database, id_) if each in {"cancelling", "cancelled"}]
    assert statuses == ["cancelling", "cancelled"]
    assert begin_all(database, dispatch_id) == []
