"""Fence: the UPDATE at the start of a worker's every write, which fails once its lease has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.execution.ledger import journal
from service.execution.ledger.journal import Event
from service.execution.worker.work import Ending, Lease, Progress
from service.experiments.models import ExperimentRow
from service.experiments.states import TERMINAL, WITHOUT_WORKER, WORKING, leading_to
from service.storage.database import utc_now

__all__ = ["flush", "update"]

_EXPERIMENTS: Any = ExperimentRow.__table__
_RETURNED = tuple(_EXPERIMENTS.c[name] for name in ("id", "status", "last_event", "last_epoch"))


def update(session: Session, lease: Lease, values: dict[str, Any], events: Sequence[Event] = ()) -> Any:
    """Change the experiment's row, bump its counter and number the events; the row, None if the lease has ended."""
    ours = _update().values(**values, last_event=_EXPERIMENTS.c.last_event + journal.count(events))
    return session.execute(ours, {"id_": lease.experiment_id, "attempt_": lease.attempt}).first()


def flush(session: Session, progress: Progress) -> tuple[Any, Sequence[Event]] | None:
    """Do the same for a flush; returns its row and its events, None also where it has been stored before."""
    told = journal.of_flush(progress)
    values = {
        "id_": progress.lease.experiment_id,
        "attempt_": progress.lease.attempt,
        "flushed_epoch": progress.flushed_epoch,
        "reached_epoch": progress.last_epoch,
        "new_final": progress.final,
        "new_best_epoch": progress.best_epoch,
        "new_best": progress.best,
        "told": journal.count(told.always),
        "told_if_paused": journal.count(told.if_paused),
    }
    ending = progress.ending
    statement = _GO_ON if ending is None else _END[ending.status].values(**_ending_values(ending))
    row = session.execute(statement, values).first()
    return None if row is None else (row, told.given(row.status))


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


def _flush(**values: Any) -> Any:
    """The UPDATE shared by flushes; a None leaves the row's value."""
    columns = {name: _EXPERIMENTS.c[name] for name in ("final", "best_epoch", "best")}
    news = {
        name: sa.func.coalesce(sa.bindparam(f"new_{name}", type_=column.type), column)
        for name, column in columns.items()
    }
    reached = _EXPERIMENTS.c.last_epoch == sa.bindparam("flushed_epoch")
    told, told_if_paused = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("told", "told_if_paused"))
    numbered = _EXPERIMENTS.c.last_event + told + sa.case((_PAUSING, told_if_paused), else_=0)
    common = {"last_epoch": sa.bindparam("reached_epoch"), "last_event": numbered}
    return _update().where(reached).values(**common, **news, **values)


# Built once: building a statement takes several times as long as executing it.
_PAUSING: Any = _EXPERIMENTS.c.status == "pausing"
_GO_ON = _flush(
    status=sa.case((_PAUSING, WITHOUT_WORKER["pausing"]), else_=_EXPERIMENTS.c.status),
    dispatch_id=sa.case((_PAUSING, sa.null()), else_=_EXPERIMENTS.c.dispatch_id),
)
_END = {
    status: _flush(status=status).where(_EXPERIMENTS.c.status.in_(leading_to(status, WORKING)))
    for status in TERMINAL
}


def _ending_values(ending: Ending) -> dict[str, Any]:
    values: dict[str, Any] = {
        "stop_reason": ending.stop_reason,
        "argmin_epoch": ending.argmin_epoch,
        "test": ending.test,
        "error": ending.error,
        "finished_at": utc_now(),
        "dispatch_id": None,
    }
    return values if ending.warnings is None else {**values, "warnings": ending.warnings}
