"""What the dispatcher asks of the database and writes to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.experiments.models import ExperimentRow, ResumeStateRow
from service.experiments.states import ACTIVE, TERMINAL

__all__ = [
    "MAX_LOSSES",
    "Held",
    "after_release",
    "claim",
    "has_queued",
    "held",
    "held_by_engine",
    "release",
]

MAX_LOSSES = 5
"""How many workers an experiment may lose before it is held to be the cause."""

_RELEASED = {"dispatched": "queued", "running": "queued", "pausing": "paused", "cancelling": "cancelled"}


@dataclass(frozen=True, slots=True)
class Held:
    """An experiment in the hands of an engine, as it was when looked at."""

    id: str
    status: str
    dispatch_id: str | None
    attempt: int
    losses: int
    lease_counter: int


def has_queued(session: Session) -> bool:
    """Whether anything waits to be dispatched."""
    queued = sa.select(ExperimentRow.id).where(ExperimentRow.status == "queued").limit(1)
    return session.execute(queued).first() is not None


def held(session: Session, *conditions: sa.ColumnElement[bool]) -> list[Held]:
    """Every experiment that an engine holds, or those of them that fulfil the conditions."""
    columns = (
        ExperimentRow.id,
        ExperimentRow.status,
        ExperimentRow.dispatch_id,
        ExperimentRow.attempt,
        ExperimentRow.losses,
        ExperimentRow.lease_counter,
    )
    query = sa.select(*columns).where(ExperimentRow.status.in_(sorted(ACTIVE)), *conditions)
    return [Held(*row) for row in session.execute(query)]


def held_by_engine(session: Session, engine_id: str) -> list[Held]:
    """Every experiment that this engine dispatched and that has not ended."""
    return held(session, ExperimentRow.dispatch_id.startswith(_dispatches_of(engine_id), autoescape=True))


def _dispatches_of(engine_id: str) -> str:
    return f"dispatch-{engine_id}-"


def claim(session: Session, engine_id: str, capacity: Callable[[int], int]) -> list[str]:
    """Dispatch the oldest queued experiments and return their fresh dispatch ids.

    ``capacity`` says how many more dispatches there is room for, given how many are live. Two dispatchers
    never claim the same experiment: PostgreSQL locks the rows, SQLite the transaction.
    """
    live = len({row.dispatch_id for row in held(session)})
    oldest = (
        sa.select(ExperimentRow.id)
        .where(ExperimentRow.status == "queued")
        .order_by(ExperimentRow.created_at, ExperimentRow.id)
        .limit(max(0, capacity(live)))
        .with_for_update(skip_locked=True)
    )
    dispatches = {id_: f"{_dispatches_of(engine_id)}{uuid.uuid4().hex}" for id_ in session.scalars(oldest)}
    for id_, dispatch_id in dispatches.items():
        session.execute(
            sa.update(ExperimentRow)
            .where(ExperimentRow.id == id_)
            .values(status="dispatched", dispatch_id=dispatch_id)
        )
    return list(dispatches.values())


def release(session: Session, rows: Iterable[Held], now: datetime, *, lost: bool) -> int:
    """Take experiments out of an engine's hands and return how many.

    A row that has moved on since it was looked at is left alone. ``lost`` holds a died worker against it.
    """
    released = 0
    for row in rows:
        values = after_release(row, now, lost=lost)
        unchanged = (
            ExperimentRow.id == row.id,
            ExperimentRow.status == row.status,
            ExperimentRow.dispatch_id == row.dispatch_id,
            ExperimentRow.attempt == row.attempt,
            ExperimentRow.lease_counter == row.lease_counter,
        )
        result = session.execute(sa.update(ExperimentRow).where(*unchanged).values(**values))
        if not cast("sa.CursorResult[Any]", result).rowcount:
            continue
        released += 1
        if values["status"] in TERMINAL:
            session.execute(sa.delete(ResumeStateRow).where(ResumeStateRow.experiment_id == row.id))
    return released


def after_release(row: Held, now: datetime, *, lost: bool) -> dict[str, Any]:
    """What becomes of an experiment that its worker no longer works on: the values to store."""
    losses = row.losses + (lost and row.status != "dispatched")
    values: dict[str, Any] = {"status": _RELEASED[row.status], "dispatch_id": None, "losses": losses}
    if row.status == "cancelling":
        return values | {"stop_reason": "user", "finished_at": now}
    if row.status == "running" and losses >= MAX_LOSSES:
        message = f"The worker died {losses} times while it trained this experiment."
        error = {"code": "worker_lost", "message": message}
        return values | {"status": "failed", "stop_reason": "worker_lost", "error": error, "finished_at": now}
    return values
