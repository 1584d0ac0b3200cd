"""Pausing: the state is stored, and the row is nobody's until it is queued again."""

from dataclasses import replace

import sqlalchemy as sa

from service.execution.ledger import writes
from service.execution.worker.work import Ending, Progress, Wishes
from service.experiments.models import ExperimentRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import begin, flush, row, store


def test_what_is_to_pause_is_paused_with_its_state(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    work = begin(database)
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="pausing", pause_requested=True))
        dispatch_id = session.scalars(sa.select(ExperimentRow.dispatch_id)).one() or ""
        assert writes.wishes(session, dispatch_id, [work.lease]) == Wishes(pausing=frozenset({work.lease}))
    assert store(database, flush(work.lease)) == "paused"
    stored = row(database, id_)
    assert (stored.status, stored.dispatch_id, stored.last_epoch, stored.losses) == ("paused", None, 2, 0)
    assert store(database, replace(flush(work.lease), flushed_epoch=2, epochs=[])) is None
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="queued"))
    assert begin(database).state == b"state"


def test_an_experiment_that_ends_before_it_could_pause_has_ended(
    database: Database, submit_experiment: Submit
) -> None:
    submit_experiment()
    work = begin(database)
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="pausing", pause_requested=True))
    ending = Progress(work.lease, 0, ending=Ending("succeeded", "max_epochs"))
    assert store(database, ending) == "succeeded"


def test_an_experiment_that_is_to_pause_and_is_handed_back_is_paused(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    work = begin(database)
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="pausing", pause_requested=True))
        writes.hand_back(session, "", [work.lease])
    assert (row(database, id_).status, row(database, id_).dispatch_id) == ("paused", None)
