"""Write events in the transaction of their cause, and read them.

Every experiment numbers its own events from 1, so that a reader who knows the last number it has seen gets exactly
the rest. Numbers are missing only where a run began again, whose earlier events of epochs and checkpoints are removed.
What is stored of each type of event as its data:

    experiment.status      status, stop_reason
    experiment.epoch       from_epoch, the first of its epochs; their metrics are in the curve
    experiment.checkpoint  kind, epoch, sha256, metrics of the epoch
    experiment.warning     pointer, code, message
    experiment.finished    status, stop_reason; the results are in the experiment's row, which changes no more
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.experiments.curve.metrics import is_regression
from service.experiments.history.models import EventRow
from service.experiments.models import EpochRow, ExperimentRow
from service.experiments.states import FIRST, TERMINAL
from service.storage.database import utc_now

__all__ = [
    "EventType",
    "Followed",
    "epochs",
    "followed",
    "last_events",
    "record",
    "record_creation",
    "record_status",
    "results",
    "stretches",
]

EventType = Literal[
    "experiment.status",
    "experiment.epoch",
    "experiment.checkpoint",
    "experiment.warning",
    "experiment.finished",
]

_EXPERIMENTS: Any = ExperimentRow.__table__
_EVENTS: Any = EventRow.__table__
_EPOCHS: Any = EpochRow.__table__
_MOST_IDENTIFIERS = 1000

# Made once, as making a statement takes as long as running it.
_RAISE = (
    sa.update(_EXPERIMENTS)
    .where(_EXPERIMENTS.c.id == sa.bindparam("identifier"))
    .values(last_event=_EXPERIMENTS.c.last_event + sa.bindparam("added"))
    .returning(_EXPERIMENTS.c.last_event)
)
_INSERT = sa.insert(_EVENTS)


@dataclass(frozen=True, slots=True)
class Followed:
    """Progress of an experiment's events: the last number, whether more follow, and whether it is a regression."""

    last_event: int
    ended: bool
    regression: bool


def record(
    session: Session, experiment_id: str, type_: EventType, data: Mapping[str, Any], *, count: int = 1
) -> None:
    """Write down one event, or ``count`` epochs from ``data["from_epoch"]`` on.

    The experiment's row stays locked until the transaction ends, so that numbers are given out one by one.
    """
    last: int = session.execute(_RAISE, {"identifier": experiment_id, "added": count}).scalar_one()
    values = {"sequence": last - count + 1, "count": count, "type": type_, "data": dict(data)}
    session.execute(_INSERT, {"experiment_id": experiment_id, "created_at": utc_now(), **values})


def record_creation(session: Session, experiment_id: str, created_at: datetime) -> None:
    """Write down the first event of an experiment that was stored with ``last_event`` 1: it is queued."""
    data = {"status": FIRST, "stop_reason": None}
    values = {"sequence": 1, "count": 1, "type": "experiment.status", "data": data}
    session.execute(_INSERT, {"experiment_id": experiment_id, "created_at": created_at, **values})


def record_status(session: Session, experiment_id: str, status: str, stop_reason: str | None = None) -> None:
    """Write down a new status; one that ends the experiment is ``experiment.finished``, its last event."""
    type_: EventType = "experiment.finished" if status in TERMINAL else "experiment.status"
    record(session, experiment_id, type_, {"status": status, "stop_reason": stop_reason})


def followed(session: Session, owner: str, identifiers: Sequence[str]) -> dict[str, Followed]:
    """Those of the experiments that belong to the owner."""
    columns = _EXPERIMENTS.c
    statement = sa.select(
        columns.id, columns.last_event, columns.status, columns.task, columns.classes
    ).where(columns.id.in_(identifiers), columns.owner == owner)
    return {
        row.id: Followed(row.last_event, row.status in TERMINAL, is_regression(row.task, row.classes))
        for row in session.execute(statement)
    }


def last_events(session: Session, identifiers: Sequence[str]) -> dict[str, int]:
    """The number of the newest event of each of the experiments that there are."""
    found: dict[str, int] = {}
    for start in range(0, len(identifiers), _MOST_IDENTIFIERS):
        some = identifiers[start : start + _MOST_IDENTIFIERS]
        statement = sa.select(_EXPERIMENTS.c.id, _EXPERIMENTS.c.last_event).where(_EXPERIMENTS.c.id.in_(some))
        found |= {row.id: row.last_event for row in session.execute(statement)}
    return found


def stretches(session: Session, experiment_id: str, after: int, limit: int) -> Sequence[sa.Row[Any]]:
    """The rows that stand for the ``limit`` events after a number; the first may begin before them."""
    own = _EVENTS.c.experiment_id == experiment_id
    first = sa.select(sa.func.max(_EVENTS.c.sequence)).where(own, _EVENTS.c.sequence <= after + 1)
    ahead = _EVENTS.c.sequence + _EVENTS.c.count > after + 1
    statement = (
        sa.select(_EVENTS)
        .where(own, _EVENTS.c.sequence >= first.scalar_subquery(), ahead)
        .order_by(_EVENTS.c.sequence)
        .limit(limit)
    )
    return session.execute(statement).all()


def epochs(
    session: Session, experiment_id: str, first: int, last: int, names: Sequence[str]
) -> list[dict[str, Any]]:
    """The named metrics of a stretch of epochs, both ends included."""
    columns = [_EPOCHS.c[name] for name in ("epoch", *names, "non_finite")]
    statement = sa.select(*columns).where(
        _EPOCHS.c.experiment_id == experiment_id, _EPOCHS.c.epoch.between(first, last)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def results(session: Session, experiment_id: str) -> dict[str, Any]:
    """The results of an ended experiment."""
    columns = _EXPERIMENTS.c
    shown = (columns.last_epoch.label("epoch"), columns.best_epoch, columns.argmin_epoch, columns.test)
    statement = sa.select(*shown, columns.error).where(columns.id == experiment_id)
    return dict(session.execute(statement).mappings().one())
