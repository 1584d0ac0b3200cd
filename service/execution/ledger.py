"""What a worker reads from the database and writes to it, each write under the condition that it still may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import utc_now
from service.execution.blobs import Weights, read_initial, read_state, replace_state, store_weights
from service.experiments.models import EpochRow, ExperimentRow

__all__ = [
    "Ending",
    "Lease",
    "Progress",
    "Work",
    "beat",
    "begin",
    "hand_back",
    "is_held",
    "store",
    "wishes",
]

_WORKING = ("running", "pausing", "cancelling")
_HANDED_BACK = {"running": "queued", "pausing": "paused", "cancelling": "cancelled"}

_EXPERIMENTS: Any = ExperimentRow.__table__
_EPOCHS: Any = EpochRow.__table__


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one experiment: it ends as soon as anybody else begins another attempt."""

    experiment_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Work:
    """An experiment to train, from the start or from a state stored after ``last_epoch``.

    ``initial`` is the checkpoint it starts with, where its weights are not drawn and there is no state.
    """

    lease: Lease
    spec: dict[str, Any]
    dataset: str
    dataset_version: str
    last_epoch: int
    seconds: float
    state: bytes | None
    initial: bytes | None
    best_epoch: int | None
    best: dict[str, Any] | None
    warnings: list[Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of an experiment once it has ended."""

    status: str
    stop_reason: str
    argmin_epoch: int | None = None
    test: dict[str, Any] | None = None
    warnings: list[Any] | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything that happened since the flush after ``flushed_epoch``; epochs are rows without their experiment."""

    lease: Lease
    flushed_epoch: int
    epochs: Sequence[dict[str, Any]] = ()
    values: dict[str, Any] = field(default_factory=dict)
    state: bytes | None = None
    weights: Sequence[Weights] = ()
    ending: Ending | None = None


def begin(session: Session, dispatch_id: str) -> list[Work]:
    """Fence: start a new attempt of every experiment of the dispatch, and return what to train.

    Whoever worked on one of them before can write no more. Nothing comes back if the dispatch was given up.
    """
    started = (
        sa.update(_EXPERIMENTS)
        .where(_EXPERIMENTS.c.dispatch_id == dispatch_id, _EXPERIMENTS.c.status == "dispatched")
        .values(
            status="running",
            attempt=_EXPERIMENTS.c.attempt + 1,
            lease_counter=_EXPERIMENTS.c.lease_counter + 1,
            started_at=sa.func.coalesce(
                _EXPERIMENTS.c.started_at, sa.literal(utc_now(), _EXPERIMENTS.c.started_at.type)
            ),
        )
        .returning(*_EXPERIMENTS.c)
    )
    return [_work(session, row) for row in session.execute(started).all()]


def _work(session: Session, row: sa.Row[Any]) -> Work:
    seconds = sa.select(_EPOCHS.c.seconds).where(
        _EPOCHS.c.experiment_id == row.id, _EPOCHS.c.epoch == row.last_epoch
    )
    state = read_state(session, row.id)
    begun = state is not None
    return Work(
        lease=Lease(row.id, row.attempt),
        spec=row.spec,
        dataset=row.dataset,
        dataset_version=row.dataset_version,
        # Without a state there is nothing to go on from: the run starts anew, and its first flush says so.
        last_epoch=row.last_epoch if begun else 0,
        seconds=session.execute(seconds).scalar() or 0.0 if begun else 0.0,
        state=state,
        initial=None if begun else read_initial(session, row.id),
        best_epoch=row.best_epoch if begun else None,
        best=row.best if begun else None,
        warnings=row.warnings,
    )


def is_held(session: Session, dispatch_id: str) -> bool:
    """Whether some worker was, or seems to be, training this dispatch."""
    query = sa.select(_EXPERIMENTS.c.id).where(
        _EXPERIMENTS.c.dispatch_id == dispatch_id, _EXPERIMENTS.c.status.in_(_WORKING)
    )
    return session.execute(query).first() is not None


def wishes(session: Session, leases: Sequence[Lease]) -> tuple[frozenset[str], frozenset[str]]:
    """The experiments whose users want them to end, and those that are no longer ours."""
    columns = (_EXPERIMENTS.c.id, _EXPERIMENTS.c.attempt, _EXPERIMENTS.c.cancel_requested)
    ids = [lease.experiment_id for lease in leases]
    query = sa.select(*columns).where(_EXPERIMENTS.c.id.in_(ids), _EXPERIMENTS.c.status.in_(_WORKING))
    found = {row.id: row for row in session.execute(query)}
    cancelled = frozenset(id_ for id_, row in found.items() if row.cancel_requested)
    ours = {
        lease for lease in leases if (row := found.get(lease.experiment_id)) and row.attempt == lease.attempt
    }
    return cancelled, frozenset(lease.experiment_id for lease in leases if lease not in ours)


def beat(session: Session, leases: Sequence[Lease]) -> None:
    """Count up, so that the dispatcher sees these experiments in living hands."""
    for lease in leases:
        _update(session, lease, {})


def store(session: Session, progress: Progress) -> bool:
    """Write all of it in this transaction; False, and nothing is written, if the experiment is no longer ours.

    Storing the same again, after a commit whose answer was lost, does no harm.
    """
    ending = progress.ending
    values = dict(progress.values)
    if ending is not None:
        values |= _ending_values(ending)
    if not _update(session, progress.lease, values):
        return False
    id_ = progress.lease.experiment_id
    session.execute(
        sa.delete(_EPOCHS).where(_EPOCHS.c.experiment_id == id_, _EPOCHS.c.epoch > progress.flushed_epoch)
    )
    if progress.epochs:
        session.execute(sa.insert(_EPOCHS), [{"experiment_id": id_, **epoch} for epoch in progress.epochs])
    for weights in progress.weights:
        store_weights(session, id_, weights)
    if progress.state is not None or ending is not None:
        replace_state(session, id_, values.get("last_epoch", 0), progress.state or b"")
    return True


def hand_back(session: Session, leases: Sequence[Lease]) -> None:
    """Let another worker go on from the last flush; nothing is held against the experiments."""
    for lease in leases:
        query = (
            sa.select(_EXPERIMENTS.c.status).where(_EXPERIMENTS.c.id == lease.experiment_id).with_for_update()
        )
        status = session.execute(query).scalar_one_or_none()
        if status not in _HANDED_BACK:
            continue
        values: dict[str, Any] = {"status": _HANDED_BACK[status], "dispatch_id": None}
        if status == "cancelling":
            values |= {"stop_reason": "user", "finished_at": utc_now()}
        if _update(session, lease, values) and status == "cancelling":
            replace_state(session, lease.experiment_id, 0, b"")


def _update(session: Session, lease: Lease, values: dict[str, Any]) -> bool:
    """Change the experiment's row and bump its counter, provided that the lease still holds."""
    changed = (
        sa.update(_EXPERIMENTS)
        .where(
            _EXPERIMENTS.c.id == lease.experiment_id,
            _EXPERIMENTS.c.attempt == lease.attempt,
            _EXPERIMENTS.c.status.in_(_WORKING),
        )
        .values(lease_counter=_EXPERIMENTS.c.lease_counter + 1, **values)
        .returning(_EXPERIMENTS.c.id)
    )
    return session.execute(changed).first() is not None


def _ending_values(ending: Ending) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": ending.status,
        "stop_reason": ending.stop_reason,
        "argmin_epoch": ending.argmin_epoch,
        "test": ending.test,
        "error": ending.error,
        "finished_at": utc_now(),
        "dispatch_id": None,
    }
    return values if ending.warnings is None else {**values, "warnings": ending.warnings}
