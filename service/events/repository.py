"""What happens to an experiment, written down in the transaction in which it happens.

Every experiment numbers its own events from 1 without a gap, so that a reader who knows the last number it has
seen gets exactly the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import utc_now
from service.events.models import EventRow
from service.experiments.models import ExperimentRow
from service.experiments.states import TERMINAL

__all__ = ["EventType", "record", "record_creation", "record_status"]

EventType = Literal[
    "experiment.status",
    "experiment.epoch",
    "experiment.checkpoint",
    "experiment.warning",
    "experiment.finished",
]

_EXPERIMENTS: Any = ExperimentRow.__table__
_EVENTS: Any = EventRow.__table__


def record(
    session: Session, experiment_id: str, type_: EventType, data: Mapping[str, Any], *, count: int = 1
) -> None:
    """Write down one event, or ``count`` epochs from ``data["from_epoch"]`` on.

    The experiment's row stays locked until the transaction ends, so that numbers are given out one by one.
    """
    raised = (
        sa.update(_EXPERIMENTS)
        .where(_EXPERIMENTS.c.id == experiment_id)
        .values(last_event=_EXPERIMENTS.c.last_event + count)
        .returning(_EXPERIMENTS.c.last_event)
    )
    last: int = session.execute(raised).scalar_one()
    values = {"sequence": last - count + 1, "count": count, "type": type_, "data": dict(data)}
    session.execute(sa.insert(_EVENTS).values(experiment_id=experiment_id, created_at=utc_now(), **values))


def record_creation(session: Session, experiment_id: str, created_at: datetime) -> None:
    """Write down the first event of an experiment that was stored with ``last_event`` 1: it is queued."""
    data = {"status": "queued", "stop_reason": None}
    values = {"sequence": 1, "count": 1, "type": "experiment.status", "data": data}
    session.execute(sa.insert(_EVENTS).values(experiment_id=experiment_id, created_at=created_at, **values))


def record_status(session: Session, experiment_id: str, status: str, stop_reason: str | None = None) -> None:
    """Write down a new status; one that ends the experiment is ``experiment.finished``, its last event."""
    type_: EventType = "experiment.finished" if status in TERMINAL else "experiment.status"
    record(session, experiment_id, type_, {"status": status, "stop_reason": stop_reason})
