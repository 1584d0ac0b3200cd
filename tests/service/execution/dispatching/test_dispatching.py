"""What the dispatcher does to rows: claiming, releasing, taking over."""

import threading

import pytest
import sqlalchemy as sa

from service.execution.dispatching import repository
from service.execution.dispatching.dispatcher import take_over
from service.execution.dispatching.executor import MemoryUse
from service.execution.dispatching.repository import MAX_LOSSES, Held, after_release
from service.execution.ledger import writes
from service.experiments.models import ExperimentRow, ResumeStateRow
from service.experiments.states import ACTIVE, TRANSITIONS
from service.health.models import EngineRow
from service.storage.database import Database, utc_now
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import claim, lose, row


def test_the_oldest_are_claimed_first(database: Database, submit_experiment: Submit) -> None:
    ids = [submit_experiment() for _ in range(3)]
    claim(database, count=2)
    assert [row(database, id_).status for id_ in ids] == ["dispatched", "dispatched", "queued"]


def test_every_claim_has_a_dispatch_of_its_own_that_names_the_engine(
    database: Database, submit_experiment: Submit
) -> None:
    ids = [submit_experiment() for _ in range(2)]
    dispatches = claim(database, count=2)
    assert [row(database, id_).dispatch_id for id_ in ids] == dispatches
    assert len(set(dispatches)) == 2
    assert all(dispatch_id.startswith("dispatch-engine_a-") for dispatch_id in dispatches)


def test_no_more_is_claimed_than_there_is_room_for_beside_what_is_live(
    database: Database, submit_experiment: Submit
) -> None:
    for _ in range(5):
        submit_experiment()
    with database.transaction() as session:
        assert len(repository.claim(session, "engine_a", lambda live: 2 - live)) == 2
    with database.transaction() as session:
        assert repository.claim(session, "engine_b", lambda live: 3 - live) != []
        assert repository.claim(session, "engine_b", lambda live: 1 - live) == []


def test_concurrent_dispatchers_never_claim_the_same_experiment(
    database: Database, submit_experiment: Submit
) -> None:
    ids = {submit_experiment() for _ in range(40)}
    claimed: list[str] = []
    ready = threading.Barrier(4)

    def work(engine_id: str) -> None:
        own = Database(database.url.render_as_string(hide_password=False))
        ready.wait()
        while dispatches := claim(own, 3, engine_id):
            claimed.extend(dispatches)
        own.close()

    threads = [threading.Thread(target=work, args=(f"engine_{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        stored = session.scalars(sa.select(ExperimentRow.dispatch_id).where(ExperimentRow.id.in_(ids))).all()
    assert sorted(claimed) == sorted(id_ for id_ in stored if id_)
    assert len(set(claimed)) == len(ids)


@pytest.mark.parametrize("status", sorted(ACTIVE))
@pytest.mark.parametrize("losses", range(MAX_LOSSES))
@pytest.mark.parametrize("lost", [True, False])
def test_releasing_is_one_allowed_step(status: str, losses: int, lost: bool) -> None:
    held = Held("exp", status, "engine_a-1", 1, losses, 7)
    values = after_release(held, utc_now(), lost=lost)
    assert values["status"] in TRANSITIONS[status]
    assert values["dispatch_id"] is None
    assert values["losses"] == losses + (lost and status != "dispatched")
    assert (values["status"] == "failed") == (status == "running" and values["losses"] == MAX_LOSSES)


def test_an_experiment_fails_when_it_has_lost_its_last_worker(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    for loss in range(1, MAX_LOSSES + 1):
        (dispatch_id,) = claim(database)
        with database.transaction() as session:
            writes.begin(session, dispatch_id)
        assert lose(database, dispatch_id) == 1
        assert row(database, id_).losses == loss
    ended = row(database, id_)
    assert (ended.status, ended.stop_reason) == ("failed", "worker_lost")
    assert ended.error is not None
    assert ended.error["code"] == "worker_lost"
    assert "died 5 times" in ended.error["message"]
    assert "kernel log" in ended.error["message"]
    assert ended.finished_at is not None
    assert claim(database) == []


def test_an_experiment_that_fills_a_worker_of_its_own_fails_for_that(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    use = MemoryUse(used_bytes=3 * 2**30, limit_bytes=2 * 2**30)
    for status in ("queued", "failed"):
        (dispatch_id,) = claim(database)
        with database.transaction() as session:
            writes.begin(session, dispatch_id)
        with database.transaction() as session:
            repository.release(session, repository.held(session), utc_now(), lost=True, memory=use)
        assert row(database, id_).status == status
    ended = row(database, id_)
    assert (ended.stop_reason, ended.losses) == ("error", 2)
    assert ended.error is not None
    assert ended.error["code"] == "out_of_memory"
    assert "3,072 MiB" in ended.error["message"]
    assert "2,048 MiB" in ended.error["message"]


def test_a_worker_lost_before_it_began_is_not_held_against_the_experiment(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    for _ in range(MAX_LOSSES + 1):
        (dispatch_id,) = claim(database)
        lose(database, dispatch_id)
    assert (row(database, id_).status, row(database, id_).losses) == ("queued", 0)


def test_a_row_that_moved_on_since_it_was_looked_at_is_left_alone(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    (dispatch_id,) = claim(database)
    with database.reading() as session:
        looked_at = repository.held(session)
    with database.transaction() as session:
        writes.begin(session, dispatch_id)
    with database.transaction() as session:
        assert repository.release(session, looked_at, utc_now(), lost=True) == 0
    assert row(database, id_).status == "running"


def test_a_row_that_moved_on_keeps_the_state_it_would_resume_from(
    database: Database, submit_experiment: Submit
) -> None:
    id_ = submit_experiment()
    with database.transaction() as session:
        repository.claim(session, "engine_a", lambda _live: 1)
        session.execute(sa.update(ExperimentRow).values(status="running", losses=MAX_LOSSES - 1))
        session.add(ResumeStateRow(experiment_id=id_, position=0, epoch=3, content=b"state"))
    with database.reading() as session:
        looked_at = repository.held(session)
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(lease_counter=ExperimentRow.lease_counter + 1))
    with database.transaction() as session:
        repository.release(session, looked_at, utc_now(), lost=True)
    with database.reading() as session:
        assert session.scalars(sa.select(ResumeStateRow.content)).all() == [b"state"]


def test_taking_over_releases_what_this_engine_held_and_nothing_else(
    database: Database, submit_experiment: Submit
) -> None:
    ours, theirs = submit_experiment(), submit_experiment()
    (dispatch_id,) = claim(database, engine_id="engine_a")
    claim(database, engine_id="engine_ab")
    with database.transaction() as session:
        writes.begin(session, dispatch_id)
        now = utc_now()
        session.add(EngineRow(id="engine_a", hostname="h", started_at=now, beat_at=now, slots=1))
    take_over(database, "engine_a")
    assert (row(database, ours).status, row(database, ours).losses) == ("queued", 0)
    assert row(database, theirs).status == "dispatched"
    with database.reading() as session:
        assert session.get(EngineRow, "engine_a") is None
