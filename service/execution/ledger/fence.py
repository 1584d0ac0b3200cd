"""Fence: the UPDATE at the start of a worker's every write, which fails once its lease has ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.execution.ledger import journal
from service.execution.worker.work import Ending, Lease, Progress
from service.experiments.models import ExperimentRow
from service.storage.database import utc_now

__all__ = ["WORKING", "flush", "update"]

WORKING = ("running", "pausing", "cancelling")
"""Statuses of an experiment that a worker holds."""

_EXPERIMENTS: Any = ExperimentRow.__table__
_RETURNED = tuple(_EXPERIMENTS.c[name] for name in ("id", "status", "last_event", "last_epoch"))


def update(session: Session, lease: Lease, values: dict[str, Any]) -> Any:
    """Change the experiment's row and bump its counter, provided that the lease still holds; the row then."""
    ours = _update().values(**values)
    return session.execute(ours, {"id_": lease.experiment_id, "attempt_": lease.attempt}).first()


def flush(session: Session, progress: Progress) -> Any:
    """The same for what a flush has to say, unless it has been stored before; its events get their numbers."""
    values = {
        "id_": progress.lease.experiment_id,
        "attempt_": progress.lease.attempt,
        "flushed_epoch": progress.flushed_epoch,
        "reached_epoch": progress.last_epoch,
        "new_final": progress.final,
        "new_best_epoch": progress.best_epoch,
        "new_best": progress.best,
        "told": sum(event.count for event in journal.events(progress, None)),
    }
    statement = _GO_ON if progress.ending is None else _END.values(**_ending_values(progress.ending))
    return session.execute(statement, values).first()


def _update() -> Any:
    return (
        sa.update(_EXPERIMENTS)
        .where(
            _EXPERIMENTS.c.id == sa.bindparam("id_"),
            _EXPERIMENTS.c.attempt == sa.bindparam("attempt_"),
            _EXPERIMENTS.c.status.in_(WORKING),
        )
        .values(lease_counter=_EXPERIMENTS.c.lease_counter + 1)
        .returning(*_RETURNED)
    )


def _flush(told: Any, **values: Any) -> Any:
    """The UPDATE shared by flushes; a None leaves the row's value."""
    columns = {name: _EXPERIMENTS.c[name] for name in ("final", "best_epoch", "best")}
    news = {
        name: sa.func.coalesce(sa.bindparam(f"new_{name}", type_=column.type), column)
        for name, column in columns.items()
    }
    reached = _EXPERIMENTS.c.last_epoch == sa.bindparam("flushed_epoch")
    numbered = _EXPERIMENTS.c.last_event + sa.bindparam("told", type_=sa.BigInteger()) + told
    common = {"last_epoch": sa.bindparam("reached_epoch"), "last_event": numbered}
    return _update().where(reached).values(**common, **news, **values)


# Made once, since to make one takes several times as long as to execute it.
_PAUSING: Any = _EXPERIMENTS.c.status == "pausing"
_GO_ON = _flush(
    sa.case((_PAUSING, 1), else_=0),
    status=sa.case((_PAUSING, "paused"), else_=_EXPERIMENTS.c.status),
    dispatch_id=sa.case((_PAUSING, sa.null()), else_=_EXPERIMENTS.c.dispatch_id),
)
_END = _flush(0)


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
