"""Numbers of unfinished experiments and data sets, each read from a small index."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.datasets.models import DatasetRow
from service.datasets.uploads import UPLOADING, VALIDATING
from service.experiments.models import EpochRow, ExperimentRow
from service.experiments.states import TERMINAL, TRANSITIONS
from service.health.models import EngineRow, WorkerHostRow

__all__ = [
    "Host",
    "Pace",
    "Standing",
    "datasets_by_status",
    "engine_counters",
    "experiments_by_status",
    "hosts",
    "pace",
]

_EXPERIMENTS: Any = ExperimentRow.__table__
_EPOCHS: Any = EpochRow.__table__
_DATASETS: Any = DatasetRow.__table__


class Standing(NamedTuple):
    """Number of rows with a status, and the creation time of the oldest."""

    status: str
    number: int
    oldest: datetime


class Pace(NamedTuple):
    """Running experiments, their dispatches, their epochs per second, and workers lost over them."""

    lanes: int
    dispatches: int
    epochs_per_second: float
    losses: int


class Host(NamedTuple):
    """What the workers of a machine or container report together."""

    hostname: str
    flushes: int
    flush_seconds: float
    replacements: int
    cache_bytes: int
    idle_bytes: int | None


def _by_status(table: Any, statuses: Iterable[str]) -> sa.Select[Any]:
    """Unfinished rows by status, read from an index that begins with the status."""
    counted = sa.select(table.c.status, sa.func.count(), sa.func.min(table.c.created_at))
    return counted.where(table.c.finished_at.is_(None), table.c.status.in_(sorted(statuses))).group_by(
        table.c.status
    )


# Made once, as making them takes longer than running them.
_EXPERIMENTS_BY_STATUS = _by_status(_EXPERIMENTS, TRANSITIONS.keys() - TERMINAL)
_DATASETS_BY_STATUS = _by_status(_DATASETS, (UPLOADING, VALIDATING))
_RUNNING = (
    sa.select(_EXPERIMENTS.c.dispatch_id, _EXPERIMENTS.c.last_epoch, _EXPERIMENTS.c.losses, _EPOCHS.c.seconds)
    .join_from(
        _EXPERIMENTS,
        _EPOCHS,
        sa.and_(_EPOCHS.c.experiment_id == _EXPERIMENTS.c.id, _EPOCHS.c.epoch == _EXPERIMENTS.c.last_epoch),
        isouter=True,
    )
    # The first condition is that of the partial index.
    .where(_EXPERIMENTS.c.dispatch_id.is_not(None), _EXPERIMENTS.c.status == "running")
)


def experiments_by_status(session: Session) -> list[Standing]:
    """Experiments that have not ended."""
    return [Standing(*row) for row in session.execute(_EXPERIMENTS_BY_STATUS)]


def datasets_by_status(session: Session) -> list[Standing]:
    """Data sets that are uploaded or wait to be read."""
    return [Standing(*row) for row in session.execute(_DATASETS_BY_STATUS)]


def pace(session: Session) -> Pace:
    """Current work of the workers."""
    rows = session.execute(_RUNNING).all()
    return Pace(
        lanes=len(rows),
        dispatches=len({row.dispatch_id for row in rows}),
        epochs_per_second=sum(row.last_epoch / row.seconds for row in rows if row.seconds),
        losses=sum(row.losses for row in rows),
    )


def engine_counters(session: Session) -> dict[str, int]:
    """What has gone wrong since the engines started; nothing if there is no engine to know."""
    names = ("lease_expiries", "worker_losses")
    counted = sa.select(*(sa.func.sum(getattr(EngineRow, name)) for name in (*names, "restarts")))
    counts = zip((*names, "engine_restarts"), session.execute(counted).one(), strict=True)
    return {name: int(count) for name, count in counts if count is not None}


def hosts(session: Session) -> list[Host]:
    """The hosts of workers, by name."""
    columns = (getattr(WorkerHostRow, name) for name in Host._fields)
    return [Host(*row) for row in session.execute(sa.select(*columns).order_by(WorkerHostRow.hostname))]
