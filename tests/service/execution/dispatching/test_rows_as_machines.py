"""Any order of what users, dispatchers and workers do, on the rows alone: what must hold holds after every step."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session
from typing_extensions import override

from service.access.caller import LOCAL_OWNER
from service.errors import Conflict, NotFound
from service.execution.dispatching import repository
from service.execution.ledger import writes
from service.execution.worker.work import Ending, Lease, Progress
from service.experiments import actions
from service.experiments.history.models import EventRow
from service.experiments.models import EpochRow, ExperimentRow
from service.experiments.service import submit
from service.experiments.states import ACTIVE, TERMINAL, TRANSITIONS, WORKING
from service.limits import service as quotas
from service.storage.database import Database, utc_now
from tests.service.execution.conftest import SMALL
from tests.service.execution.steps import EPOCHS

ENGINES = st.sampled_from(["engine_a", "engine_b"])
WHICH = st.integers(0, 2**16)


class Rows(RuleBasedStateMachine):
    """One database, every lease that anybody ever got, and what the rows were before the step."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        file = shutil.copy(self.template, Path(self.directory.name) / "rows.db")
        self.database = Database(f"sqlite:///{file}")
        self.dispatches: list[str] = []
        self.leases: list[tuple[str, Lease]] = []
        self.before: dict[str, Any] = {}
        self.deleted: set[str] = set()

    @override
    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()

    def rows(self) -> dict[str, Any]:
        with self.database.reading() as session:
            return {row.id: row for row in session.execute(sa.select(ExperimentRow.__table__))}

    @precondition(lambda self: len(self.before) < 3)
    @rule(layers=st.sampled_from([[2], [3]]), priority=st.integers(0, 1))
    def submit(self, layers: list[int], priority: int) -> None:
        with self.database.transaction() as session:
            submit(session, LOCAL_OWNER, SMALL | {"architecture": layers, "priority": priority})

    @precondition(lambda self: self.before)
    @rule(which=WHICH, action=st.sampled_from([actions.cancel, actions.pause, actions.resume]))
    def ask(self, which: int, action: Any) -> None:
        id_ = sorted(self.before)[which % len(self.before)]
        try:
            with self.database.transaction() as session:
                action(session, LOCAL_OWNER, id_)
        except (Conflict, NotFound):
            assert self.rows()[id_] == self.before[id_]

    @precondition(lambda self: self.before)
    @rule(which=WHICH)
    def delete(self, which: int) -> None:
        id_ = sorted(self.before)[which % len(self.before)]
        try:
            with self.database.transaction() as session:
                actions.delete(session, LOCAL_OWNER, id_)
        except Conflict:
            return
        self.deleted.add(id_)

    @rule(engine=ENGINES, capacity=st.integers(0, 3))
    def claim(self, engine: str, capacity: int) -> None:
        with self.database.transaction() as session:
            self.dispatches += repository.claim(session, engine, lambda _live: capacity)

    @rule(engine=ENGINES)
    def train(self, engine: str) -> None:
        """What nearly always happens: everything that waits is claimed and begun."""
        self.claim(engine, 3)
        self.every_step_is_allowed()
        for which in range(len(self.dispatches)):
            self.begin(which)

    @precondition(lambda self: self.dispatches)
    @rule(which=WHICH)
    def begin(self, which: int) -> None:
        dispatch_id = self.dispatches[which % len(self.dispatches)]
        with self.database.transaction() as session:
            works = writes.begin(session, dispatch_id)
        for work in works:
            assert work.lease.attempt == self.before[work.lease.experiment_id].attempt + 1
            self.leases.append((dispatch_id, work.lease))

    @precondition(lambda self: self.leases)
    @rule(which=WHICH, ends=st.sampled_from([None, None, "succeeded", "failed"]), twice=st.booleans())
    def flush(self, which: int, ends: str | None, twice: bool) -> None:
        _, lease = self.leases[which % len(self.leases)]
        row = self.before.get(lease.experiment_id)
        reached = 0 if row is None else row.last_epoch
        progress = Progress(
            lease,
            reached,
            [(reached + 1, *EPOCHS[0][1:])],
            final={"train_loss": 1.0},
            state=None if ends else b"state",
            ending=Ending(ends, "max_epochs") if ends else None,
        )
        holds = self.holds(lease, self.before)
        for _ in range(1 + twice):
            with self.database.transaction() as session:
                (status,) = writes.store(session, [progress])
            assert (status is not None) == holds

    @precondition(lambda self: self.leases)
    @rule(which=WHICH)
    def beat(self, which: int) -> None:
        with self.database.transaction() as session:
            writes.beat(session, [self.leases[which % len(self.leases)][1]])

    @precondition(lambda self: self.leases)
    @rule(which=WHICH, alone=st.booleans())
    def hand_back(self, which: int, alone: bool) -> None:
        dispatch_id, _ = self.leases[which % len(self.leases)]
        ours = [lease for dispatch, lease in self.leases if dispatch == dispatch_id]
        with self.database.transaction() as session:
            writes.hand_back(session, dispatch_id, ours, alone=alone)

    @precondition(lambda self: self.dispatches)
    @rule(which=WHICH)
    def lose(self, which: int) -> None:
        dispatch_id = self.dispatches[which % len(self.dispatches)]
        with self.database.transaction() as session:
            rows = repository.held(session, ExperimentRow.dispatch_id == dispatch_id)
            repository.release(session, rows, utc_now(), lost=True)

    @precondition(lambda self: self.leases)
    @rule(which=WHICH, engine=ENGINES)
    def replace_a_worker(self, which: int, engine: str) -> None:
        self.lose(which)
        self.every_step_is_allowed()
        self.train(engine)

    @rule(engine=ENGINES)
    def take_over(self, engine: str) -> None:
        with self.database.transaction() as session:
            repository.release(session, repository.held_by_engine(session, engine), utc_now(), lost=False)

    @invariant()
    def every_step_is_allowed(self) -> None:
        rows = self.rows()
        assert self.before.keys() - rows.keys() <= self.deleted
        for id_, row in rows.items():
            before = self.before.get(id_)
            if before is None:
                assert (row.status, row.attempt) == ("queued", 0)
                continue
            assert row.status == before.status or row.status in TRANSITIONS[before.status]
            assert before.attempt <= row.attempt <= before.attempt + 1
            assert before.losses <= row.losses <= before.losses + 1
            assert before.last_event <= row.last_event
            assert before.status not in TERMINAL or row == before
        self.before = rows

    @invariant()
    def who_is_held_is_in_one_dispatch(self) -> None:
        rows = self.rows().values()
        dispatches = [row.dispatch_id for row in rows]
        for row in rows:
            assert (row.dispatch_id is not None) == (row.status in ACTIVE)
            assert (row.finished_at is not None) == (row.status in TERMINAL)
            assert row.losses <= repository.MAX_LOSSES
            # Who has lost a worker is alone.
            assert not (row.losses and row.dispatch_id) or dispatches.count(row.dispatch_id) == 1

    @invariant()
    def owners_pay_for_what_is_reserved_and_not_for_what_has_ended(self) -> None:
        rows = self.rows().values()
        # Nothing here stores a checkpoint.
        assert [row.reserved_bytes for row in rows if row.status in TERMINAL and row.reserved_bytes] == []
        with self.database.reading() as session:
            assert quotas.usage(session, LOCAL_OWNER).stored_bytes == sum(row.reserved_bytes for row in rows)

    @invariant()
    def only_who_holds_the_lease_may_write(self) -> None:
        rows = self.rows()
        holding = {lease for _, lease in self.leases if self.holds(lease, rows)}
        with Session(self.database.engine) as session:
            # Rolled back: only the answer counts.
            wrote = {
                lease
                for _, lease in self.leases
                if lease.experiment_id in rows
                and self.stores(session, lease, rows[lease.experiment_id].last_epoch)
            }
        assert wrote == holding
        assert len({lease.experiment_id for lease in wrote}) == len(wrote)

    def holds(self, lease: Lease, rows: dict[str, Any]) -> bool:
        row = rows.get(lease.experiment_id)
        return row is not None and row.attempt == lease.attempt and row.status in WORKING

    def stores(self, session: Session, lease: Lease, reached: int) -> bool:
        progress = Progress(lease, reached, ending=Ending("failed", "error"))
        with session.begin_nested() as trial:
            (status,) = writes.store(session, [progress])
            trial.rollback()
        return status is not None

    @invariant()
    def epochs_and_events_have_no_gap(self) -> None:
        rows = self.rows()
        with self.database.reading() as session:
            epochs = session.execute(sa.select(EpochRow.experiment_id, EpochRow.epoch)).all()
            columns = (
                EventRow.experiment_id,
                EventRow.sequence,
                EventRow.type,
                EventRow.count.label("numbers"),
            )
            events = session.execute(sa.select(*columns).order_by(EventRow.sequence)).all()
        for id_, row in rows.items():
            curve = sorted(epoch for owner, epoch in epochs if owner == id_)
            assert curve == list(range(1, row.last_epoch + 1))
            following = 1
            for event in [event for event in events if event.experiment_id == id_]:
                assert event.sequence == following
                following += event.numbers
            assert following == row.last_event + 1
            own = [event.type for event in events if event.experiment_id == id_]
            assert own.count("experiment.finished") == (row.status in TERMINAL)
        assert {event.experiment_id for event in events} <= rows.keys()


def test_whatever_happens_in_whatever_order(migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rows, "template", migrated_file, raising=False)
    few = hypothesis.settings(max_examples=10, stateful_step_count=25)
    run_state_machine_as_test(Rows, settings=few)
