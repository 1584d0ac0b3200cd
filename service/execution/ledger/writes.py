"""Reads and writes of a worker, each write conditional on its attempt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.revision import ENGINE_REVISION
from service.errors import Damaged
from service.execution.ledger import fence, journal
from service.execution.ledger.blobs import (
    NOTHING,
    Content,
    State,
    read_initial,
    read_state,
    replace_states,
    store_weights,
)
from service.execution.ledger.curves import insert_epochs
from service.execution.ledger.restart import restart_after_damage, start_over
from service.execution.worker.work import QUIET, Lease, Progress, Wishes, Work
from service.experiments.models import EpochRow, ExperimentRow
from service.experiments.states import WITHOUT_WORKER, WORKING, step
from service.limits import service as quotas
from service.storage.database import utc_now

__all__ = ["beat", "begin", "begin_again", "hand_back", "is_foreign", "is_held", "store", "wishes"]

_EXPERIMENTS: Any = ExperimentRow.__table__
_EPOCHS: Any = EpochRow.__table__

# Made once: every worker asks four times a second.
_WISHES = sa.select(
    *(_EXPERIMENTS.c[name] for name in ("id", "attempt", "status", "cancel_requested", "hand_back_requested"))
).where(_EXPERIMENTS.c.dispatch_id == sa.bindparam("dispatch"))


def begin(session: Session, dispatch_id: str) -> list[Work]:
    """Fence: start a new attempt of every waiting experiment of the dispatch, and return what to train.

    Any earlier attempt can no longer write. Returns nothing if the dispatch was given up, or was made for
    another revision of the engine.
    """
    begun = [journal.status_event(step("dispatched", "running"))]
    started = (
        sa.update(_EXPERIMENTS)
        .where(
            _EXPERIMENTS.c.dispatch_id == dispatch_id,
            _EXPERIMENTS.c.status == "dispatched",
            _EXPERIMENTS.c.engine_revision == ENGINE_REVISION,
        )
        .values(
            status=step("dispatched", "running"),
            attempt=_EXPERIMENTS.c.attempt + 1,
            hand_back_requested=False,
            lease_counter=_EXPERIMENTS.c.lease_counter + 1,
            last_event=_EXPERIMENTS.c.last_event + journal.count(begun),
            started_at=sa.func.coalesce(
                _EXPERIMENTS.c.started_at, sa.literal(utc_now(), _EXPERIMENTS.c.started_at.type)
            ),
        )
        .returning(*_EXPERIMENTS.c)
    )
    rows = sorted(session.execute(started).all(), key=lambda row: (row.created_at, row.id))
    journal.write(session, [(row.id, row.last_event, begun) for row in rows])
    return [_work(session, row) for row in rows]


def _work(session: Session, row: sa.Row[Any]) -> Work:
    try:
        state = read_state(session, row.id)
    except Damaged as error:
        row, state = restart_after_damage(session, row, error), NOTHING
    begun = state != NOTHING
    if row.last_epoch and not begun:
        start_over(session, row.id)
    initial, damage = (NOTHING, None) if begun else _initial(session, row.id)
    seconds = sa.select(_EPOCHS.c.seconds).where(
        _EPOCHS.c.experiment_id == row.id, _EPOCHS.c.epoch == row.last_epoch
    )
    return Work(
        lease=Lease(row.id, row.attempt),
        spec=row.spec,
        dataset=row.dataset,
        dataset_version=row.dataset_version,
        last_epoch=row.last_epoch if begun else 0,
        final=row.final if begun else None,
        seconds=session.execute(seconds).scalar() or 0.0 if begun else 0.0,
        time_limit_seconds=row.time_limit_seconds,
        state=state.bytes,
        state_blob=state.blob_id,
        initial=initial.bytes,
        initial_blob=initial.blob_id,
        best_epoch=row.best_epoch if begun else None,
        best=row.best if begun else None,
        warnings=row.warnings,
        request_id=row.request_id,
        damage=damage,
    )


def begin_again(session: Session, work: Work, damage: Damaged) -> Work | None:
    """Restart a just begun experiment from epoch 1, as its state is damaged; None if it is not ours."""
    if fence.update(session, work.lease, {}) is None:
        return None
    query = sa.select(_EXPERIMENTS).where(_EXPERIMENTS.c.id == work.lease.experiment_id)
    return _work(session, restart_after_damage(session, session.execute(query).one(), damage))


def _initial(session: Session, id_: str) -> tuple[Content, Damaged | None]:
    """The checkpoint to begin with, or what is wrong with it."""
    try:
        return read_initial(session, id_), None
    except Damaged as error:
        return NOTHING, error


def is_held(session: Session, dispatch_id: str) -> bool:
    """Whether some worker was, or seems to be, training this dispatch."""
    query = sa.select(_EXPERIMENTS.c.id).where(
        _EXPERIMENTS.c.dispatch_id == dispatch_id, _EXPERIMENTS.c.status.in_(WORKING)
    )
    return session.execute(query).first() is not None


def is_foreign(session: Session, dispatch_id: str) -> bool:
    """Whether this dispatch waits for a worker of another revision of the engine."""
    query = sa.select(_EXPERIMENTS.c.id).where(
        _EXPERIMENTS.c.dispatch_id == dispatch_id,
        _EXPERIMENTS.c.status == "dispatched",
        _EXPERIMENTS.c.engine_revision != ENGINE_REVISION,
    )
    return session.execute(query).first() is not None


def wishes(session: Session, dispatch_id: str, leases: Iterable[Lease]) -> Wishes:
    """Pending requests for a dispatch between two flushes."""
    rows = session.execute(_WISHES, {"dispatch": dispatch_id}).all()
    found = {Lease(row.id, row.attempt): row for row in rows if row.status in WORKING}
    heard = Wishes(
        cancelled=frozenset(lease for lease, row in found.items() if row.cancel_requested),
        pausing=frozenset(lease for lease, row in found.items() if row.status == "pausing"),
        gone=frozenset(leases) - found.keys(),
        joining=any(row.status == "dispatched" for row in rows),
        handing_back=any(row.hand_back_requested for row in found.values()),
    )
    return QUIET if heard == QUIET else heard


def beat(session: Session, leases: Sequence[Lease]) -> None:
    """Count up, so that the dispatcher sees these experiments in living hands."""
    for lease in leases:
        fence.update(session, lease, {})


def store(session: Session, progress: Sequence[Progress]) -> list[str | None]:
    """Write all of it in this transaction; returns each experiment's status, None if it is no longer ours.

    Of what is not ours nothing is written. An experiment that is to pause, and whose state comes with it, is paused.
    Storing the same again, after a commit whose answer was lost, does no harm.
    """
    # In one order for all writers, which avoids deadlocks.
    flushed = {each.lease: fence.flush(session, each) for each in sorted(progress, key=_id)}
    written = [(each, *found) for each in progress if (found := flushed[each.lease]) is not None]
    journal.write(session, [(row.id, row.last_event, events) for _, row, events in written])
    ours = [(each, row) for each, row, _ in written]
    insert_epochs(session, [(row.id, epoch) for each, row in ours for epoch in each.epochs])
    for each, row in ours:
        for weights in each.weights:
            store_weights(session, row.id, weights)
    # Last of the locks, and all rows of experiments are held by now.
    quotas.settle(session, [row.id for each, row in ours if each.ending is not None])
    states = [
        State(row.id, row.last_epoch, each.state or b"", each.state_blob)
        for each, row in ours
        if each.state is not None or each.ending is not None
    ]
    replace_states(session, states)
    return [
        found[0].status if (found := flushed[each.lease]) is not None else _stored_before(session, each)
        for each in progress
    ]


def _id(progress: Progress) -> str:
    return progress.lease.experiment_id


def _stored_before(session: Session, progress: Progress) -> str | None:
    """The status of an experiment that had been stored thus far when this transaction began."""
    if not progress.epochs:
        return None
    query = sa.select(_EXPERIMENTS.c.status).where(
        _EXPERIMENTS.c.id == progress.lease.experiment_id,
        _EXPERIMENTS.c.attempt == progress.lease.attempt,
        _EXPERIMENTS.c.last_epoch == progress.last_epoch,
    )
    status: str | None = session.execute(query).scalar_one_or_none()
    return status


def hand_back(session: Session, dispatch_id: str, leases: Sequence[Lease], *, alone: bool = False) -> None:
    """Let other workers go on from the last flush; nothing is held against the experiments.

    What was about to join goes back too. From then on they train ``alone`` if that is said, each by itself.
    """
    ended = []
    for lease in leases:
        query = (
            sa.select(_EXPERIMENTS.c.status).where(_EXPERIMENTS.c.id == lease.experiment_id).with_for_update()
        )
        status = session.execute(query).scalar_one_or_none()
        if status not in WORKING:
            continue
        values: dict[str, Any] = {
            "status": WITHOUT_WORKER[status],
            "dispatch_id": None,
            "hand_back_requested": False,
        }
        if alone:
            values["cohort"] = None
        if status == "cancelling":
            values |= {"stop_reason": "user", "finished_at": utc_now()}
        events = [journal.status_event(values["status"], values.get("stop_reason"))]
        row = fence.update(session, lease, values, events)
        if row is None:
            continue
        journal.write(session, [(row.id, row.last_event, events)])
        if status == "cancelling":
            replace_states(session, [State(row.id)])
            ended.append(row.id)
    not_begun = (_EXPERIMENTS.c.dispatch_id == dispatch_id, _EXPERIMENTS.c.status == "dispatched")
    session.execute(
        sa.update(_EXPERIMENTS)
        .where(*not_begun)
        .values(status=WITHOUT_WORKER["dispatched"], dispatch_id=None)
    )
    # Last of the locks, and all rows of experiments are held by now.
    quotas.settle(session, ended)
