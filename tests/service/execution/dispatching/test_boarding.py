"""Several experiments in one dispatch: from the start, joining later, and leaving."""

import sqlalchemy as sa

from engine.spec.sharing import MOST_LANES
from service.execution.dispatching import repository
from service.execution.ledger import writes
from service.execution.worker.work import Ending, Lease, Progress, Wishes
from service.experiments.models import EpochRow, ExperimentRow, ResumeStateRow
from service.storage.database import Database
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import claim, count, flush, lose, row


def test_experiments_of_one_cohort_share_a_dispatch(database: Database, submit_together: Submit) -> None:
    ids = [submit_together(seed=seed) for seed in range(3)]
    other = submit_together(batch_size=7)
    (dispatch_id,) = claim(database)
    assert {row(database, id_).dispatch_id for id_ in ids} == {dispatch_id}
    assert row(database, other).status == "queued"


def test_one_that_has_lost_a_worker_trains_alone(database: Database, submit_together: Submit) -> None:
    ids = [submit_together() for _ in range(2)]
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        writes.begin(session, dispatch_id)
    assert lose(database, dispatch_id) == 2
    ids.append(submit_together())
    claim(database, count=3)
    assert len({row(database, id_).dispatch_id for id_ in ids}) == 3
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(status="running"))
    joining = submit_together()
    claim(database, count=0)
    assert row(database, joining).dispatch_id == row(database, ids[2]).dispatch_id


def test_who_waits_joins_a_stack_that_trains(database: Database, submit_together: Submit) -> None:
    submit_together()
    (dispatch_id,) = claim(database)
    waiting = [submit_together() for _ in range(MOST_LANES)]
    assert claim(database, count=0) == []
    assert {row(database, id_).status for id_ in waiting} == {"queued"}
    with database.transaction() as session:
        writes.begin(session, dispatch_id)
    assert claim(database, count=0) == []
    found = [(row(database, id_).status, row(database, id_).dispatch_id) for id_ in waiting]
    assert found == [*[("dispatched", dispatch_id)] * (MOST_LANES - 1), ("queued", None)]


def test_a_dispatch_that_has_just_ended_is_not_joined(database: Database, submit_together: Submit) -> None:
    submit_together()
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        (work,) = writes.begin(session, dispatch_id)
    waiting = submit_together()
    with database.reading() as session:
        (planned,) = repository.find_claims(session, "engine_a", lambda _live: 0)
    with database.transaction() as session:
        writes.store(session, [Progress(work.lease, 0, ending=Ending("succeeded", "max_epochs"))])
    with database.transaction() as session:
        assert repository.board(session, planned, "engine_a") is None
    assert row(database, waiting).status == "queued"


def test_another_engines_dispatch_is_not_joined(database: Database, submit_together: Submit) -> None:
    submit_together()
    (dispatch_id,) = claim(database, engine_id="engine_a")
    with database.transaction() as session:
        writes.begin(session, dispatch_id)
    waiting = submit_together()
    claim(database, count=0, engine_id="engine_b")
    assert row(database, waiting).status == "queued"


def test_owners_share_the_workers(database: Database, submit_experiment: Submit) -> None:
    greedy = [submit_experiment(owner="greedy", priority=5) for _ in range(3)]
    modest = submit_experiment(owner="modest")
    claim(database, count=2)
    assert [row(database, id_).status for id_ in (*greedy, modest)] == [
        "dispatched",
        "queued",
        "queued",
        "dispatched",
    ]


def test_an_owner_has_no_more_running_than_allowed(database: Database, submit_experiment: Submit) -> None:
    ids = [submit_experiment(owner=owner) for owner in "aaab"]
    with database.transaction() as session:
        repository.claim(session, "engine_a", lambda _live: 4, most_running=2)
    assert [row(database, id_).status for id_ in ids] == ["dispatched", "dispatched", "queued", "dispatched"]


def test_one_of_a_stack_that_is_no_longer_ours_keeps_no_other_from_being_stored(
    database: Database, submit_together: Submit
) -> None:
    ids = [submit_together() for _ in range(3)]
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        works = writes.begin(session, dispatch_id)
        session.execute(sa.update(ExperimentRow).where(ExperimentRow.id == ids[1]).values(attempt=7))
        assert writes.store(session, [flush(work.lease) for work in works]) == ["running", None, "running"]
    assert [work.lease.experiment_id for work in works] == ids
    assert [row(database, id_).last_epoch for id_ in ids] == [2, 0, 2]
    assert (count(database, EpochRow), count(database, ResumeStateRow)) == (4, 2)


def test_whoever_has_been_given_to_a_dispatch_joins_it_once(
    database: Database, submit_together: Submit
) -> None:
    submit_together()
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        (first,) = writes.begin(session, dispatch_id)
    late = submit_together()
    with database.transaction() as session:
        assert not writes.wishes(session, dispatch_id, [first.lease]).joining
        repository.claim(session, "engine_a", lambda _live: 0)
        assert writes.wishes(session, dispatch_id, [first.lease]) == Wishes(joining=True)
    with database.transaction() as session:
        assert [work.lease for work in writes.begin(session, dispatch_id)] == [Lease(late, 1)]
        assert writes.begin(session, dispatch_id) == []


def test_handing_back_includes_whoever_was_to_join(database: Database, submit_together: Submit) -> None:
    submit_together()
    (dispatch_id,) = claim(database)
    with database.transaction() as session:
        (work,) = writes.begin(session, dispatch_id)
    late = submit_together()
    with database.transaction() as session:
        repository.claim(session, "engine_a", lambda _live: 0)
        writes.hand_back(session, dispatch_id, [work.lease], alone=True)
    assert (row(database, late).status, row(database, late).dispatch_id) == ("queued", None)
    assert row(database, late).cohort is not None
    assert row(database, work.lease.experiment_id).cohort is None
