"""The dispatcher's loop, step by step, at times that the test says; its workers are behind the executor port."""

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from service.execution.dispatching import dispatcher
from service.execution.dispatching.dispatcher import LEASE_SECONDS
from service.execution.dispatching.repository import MAX_LOSSES
from service.execution.ledger import fence, journal, writes
from service.execution.worker.work import Ending, Lease, Progress
from service.experiments.models import ExperimentRow
from service.health.models import EngineRow
from service.storage.database import Database, utc_now
from tests.service.execution.conftest import Submit
from tests.service.execution.engines import Engine, begin, seconds, statuses


def test_what_is_queued_is_dispatched_as_far_as_there_is_room(
    database: Database, submit_experiment: Submit
) -> None:
    for _ in range(3):
        submit_experiment()
    engine = Engine(database)
    engine.step(1.0, 2.0)
    assert statuses(database) == ["dispatched", "dispatched", "queued"]
    assert len(engine.workers.submitted) == 2


def test_what_ended_makes_room_for_the_next(database: Database, submit_experiment: Submit) -> None:
    for _ in range(3):
        submit_experiment()
    engine = Engine(database)
    engine.step(1.0)
    work = begin(database, engine.workers.submitted[0])
    with database.transaction() as session:
        writes.store(session, [Progress(work.lease, 0, ending=Ending("succeeded", "max_epochs"))])
    engine.step(2.0)
    assert len(engine.workers.submitted) == 3


def test_a_second_engine_waits_for_the_first_to_fall_silent(
    database: Database, submit_experiment: Submit
) -> None:
    first, second = Engine(database, "engine_a"), Engine(database, "engine_b")
    first.step(1.0)
    submit_experiment()
    second.step(*seconds(1, 9))
    assert second.workers.submitted == []
    second.step(*seconds(9, 14))
    assert len(second.workers.submitted) == 1


def test_a_lost_worker_is_noticed_at_once(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    engine = Engine(database)
    engine.step(1.0)
    begin(database, engine.workers.submitted[0])
    engine.workers.lose(engine.workers.submitted[0])
    engine.step(1.1)
    assert statuses(database) == ["dispatched"]
    assert len(engine.workers.submitted) == 2
    engine.step(2.2)
    assert counters(database) == (0, 1)


def counters(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        row = session.get_one(EngineRow, "engine_a")
    return row.lease_expiries, row.worker_losses


def test_a_frozen_worker_loses_its_experiment_and_its_right_to_write(
    database: Database, submit_experiment: Submit
) -> None:
    submit_experiment()
    engine = Engine(database)
    engine.step(1.0)
    work = begin(database, engine.workers.submitted[0])
    engine.step(*seconds(2, int(LEASE_SECONDS)))
    assert statuses(database) == ["running"]
    engine.step(*seconds(int(LEASE_SECONDS), int(LEASE_SECONDS) + 4))
    assert len(engine.workers.submitted) == 2
    assert counters(database) == (1, 0)
    with database.transaction() as session:
        assert writes.store(session, [Progress(work.lease, 0)]) == [None]


def test_a_wall_clock_that_jumps_ends_no_lease(
    database: Database, submit_experiment: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = itertools.cycle([timedelta(days=400), timedelta(days=-400), timedelta(hours=1)])
    for module in (dispatcher, writes, fence, journal):
        monkeypatch.setattr(module, "utc_now", lambda: utc_now() + next(jumps))
    submit_experiment()
    engine, standby = Engine(database), Engine(database, "engine_b")
    engine.step(1.0)
    work = begin(database, engine.workers.submitted[0])
    for now in seconds(2, int(LEASE_SECONDS)):
        engine.step(now)
        standby.step(now)
    assert statuses(database) == ["running"]
    with database.transaction() as session:
        assert writes.store(session, [Progress(work.lease, 0)]) == ["running"]
    submit_experiment()
    engine.step(LEASE_SECONDS)
    standby.step(LEASE_SECONDS)
    assert (len(engine.workers.submitted), len(standby.workers.submitted)) == (2, 0)


def test_a_worker_that_beats_keeps_its_experiment(database: Database, submit_experiment: Submit) -> None:
    submit_experiment()
    engine = Engine(database)
    engine.step(1.0)
    work = begin(database, engine.workers.submitted[0])
    for now in seconds(2, 3 * int(LEASE_SECONDS)):
        engine.step(now)
        if now % 5 == 0:
            with database.transaction() as session:
                writes.beat(session, [work.lease])
    assert statuses(database) == ["running"]


def test_workers_that_never_begin_are_tried_less_and_less_often(
    database: Database, submit_experiment: Submit
) -> None:
    submit_experiment()
    engine = Engine(database)
    for tenth in range(10, 200):
        engine.step(tenth / 10)
        for dispatch_id in engine.workers.submitted:
            engine.workers.lose(dispatch_id)
    assert 5 <= len(engine.workers.submitted) <= 10
    assert statuses(database)[0] in {"queued", "dispatched"}


def test_workers_that_die_in_training_are_replaced_at_once_every_time(
    database: Database, submit_experiment: Submit
) -> None:
    ids = [submit_experiment(seed=seed, architecture=[4 + seed]) for seed in range(4)]
    engine = Engine(database)
    for tenth in range(10, 30):
        begun = len(engine.workers.submitted)
        engine.step(tenth / 10)
        for dispatch_id in engine.workers.submitted[begun:]:
            begin(database, dispatch_id)
            engine.workers.lose(dispatch_id)
    with database.reading() as session:
        losses = session.scalars(sa.select(ExperimentRow.losses).where(ExperimentRow.id.in_(ids))).all()
    assert losses == [MAX_LOSSES] * 4


def test_workers_that_cannot_be_reached_cost_nothing(database: Database, submit_experiment: Submit) -> None:
    id_ = submit_experiment()
    engine = Engine(database)
    engine.workers.reachable = False
    engine.step(1.0, 1.1)
    assert statuses(database) == ["queued"]
    engine.workers.reachable = True
    engine.step(2.0)
    assert statuses(database) == ["dispatched"]
    with database.reading() as session:
        assert session.get_one(ExperimentRow, id_).losses == 0


def test_an_engine_beats(database: Database) -> None:
    engine = Engine(database)
    engine.step(1.0)
    with database.reading() as session:
        first = session.get_one(EngineRow, "engine_a")
    assert first.slots == 2
    engine.step(1.5)
    with database.reading() as session:
        assert session.get_one(EngineRow, "engine_a").beat_at == first.beat_at
    engine.step(2.0)
    with database.reading() as session:
        assert session.get_one(EngineRow, "engine_a").beat_at > first.beat_at


def test_an_owner_that_waits_gets_the_worker_of_one_that_has_had_its_turn(
    database: Database, submit_together: Submit
) -> None:
    long = [submit_together("monsters", batch_size=size) for size in (7, 8, 9)]
    engine = Engine(database, turn_seconds=5.0)
    engine.step(1.0)
    for dispatch_id in engine.workers.submitted:
        begin(database, dispatch_id)
    engine.step(*seconds(2, 10))
    # Nobody else waits, so that nobody is to make room.
    assert asked_back(database) == []
    short = submit_together("short", batch_size=10)
    engine.step(*seconds(10, 13))
    (asked,) = asked_back(database)
    assert asked in long
    hand_back(database, asked)
    engine.step(13.0)
    with database.reading() as session:
        assert session.get_one(ExperimentRow, short).status == "dispatched"
    begin(database, engine.workers.submitted[-1])
    # It has had no turn yet, and has used the least.
    engine.step(*seconds(14, 25))
    assert asked_back(database) == []


def asked_back(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(sa.select(ExperimentRow.id).where(ExperimentRow.hand_back_requested)))


def hand_back(database: Database, id_: str) -> None:
    """Do what its worker does."""
    with database.transaction() as session:
        row = session.get_one(ExperimentRow, id_)
        assert row.dispatch_id is not None
        writes.hand_back(session, row.dispatch_id, [Lease(id_, row.attempt)])
