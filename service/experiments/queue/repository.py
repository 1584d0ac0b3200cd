"""Count queued experiments."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.experiments.models import ExperimentRow
from service.experiments.states import ACTIVE

__all__ = ["LAST_COUNTED", "Dispatched", "dispatched", "queue_positions"]

LAST_COUNTED = 1000
"""Largest queue position that is reported: counting further is too expensive per request."""

Row = sa.Row[Any]

_EXPERIMENTS: Any = ExperimentRow.__table__
# What waits has not finished, which says where to look: in the index of all that has not.
_QUEUED = sa.and_(_EXPERIMENTS.c.status == "queued", _EXPERIMENTS.c.finished_at.is_(None))

# The first condition is that of the partial index.
_DISPATCHED = (
    sa.select(_EXPERIMENTS.c.dispatch_id, _EXPERIMENTS.c.owner, sa.func.count())
    .where(_EXPERIMENTS.c.dispatch_id.is_not(None), _EXPERIMENTS.c.status.in_(sorted(ACTIVE)))
    .group_by(_EXPERIMENTS.c.dispatch_id, _EXPERIMENTS.c.owner)
)


class Dispatched(NamedTuple):
    """Number of an owner's experiments in a dispatch, which has a worker to itself."""

    dispatch_id: str
    owner: str
    experiments: int


def dispatched(session: Session) -> list[Dispatched]:
    """All live dispatches."""
    return [Dispatched(*row) for row in session.execute(_DISPATCHED)]


def _counted(statement: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(statement.subquery())


def _ahead() -> sa.Select[Any]:
    owner, priority, created_at, id_ = (
        sa.bindparam(name, type_=_EXPERIMENTS.c[name].type)
        for name in ("owner", "priority", "created_at", "id")
    )
    # Columns of the subqueries would be copied on the way to being counted.
    waiting: sa.Select[Any] = sa.select(sa.literal_column("1")).where(_EXPERIMENTS.c.owner == owner, _QUEUED)
    in_order = sa.tuple_(_EXPERIMENTS.c.created_at, _EXPERIMENTS.c.id)
    sooner = waiting.where(_EXPERIMENTS.c.priority > priority)
    older = waiting.where(_EXPERIMENTS.c.priority == priority, in_order < sa.tuple_(created_at, id_))
    # Each half is one stretch of the queue's index.
    halves = (_counted(half.limit(LAST_COUNTED)).scalar_subquery() for half in (sooner, older))
    return sa.select(sum(halves, sa.literal_column("0")))


# Made once, as making it takes longer than running it.
_AHEAD = _ahead()


def queue_positions(session: Session, rows: Sequence[Row]) -> dict[str, int]:
    """Positions of queued rows among their owner's, counted from 1 up to LAST_COUNTED.

    An owner's experiments begin by priority, then by age.
    """
    queued = sorted((row for row in rows if row.status == "queued"), key=_claim_order)
    positions: dict[str, int] = {}
    for _, of_owner in itertools.groupby(queued, key=lambda row: row.owner):
        positions |= _positions(session, list(of_owner))
    return positions


def _claim_order(row: Row) -> tuple[Any, ...]:
    return row.owner, -row.priority, row.created_at, row.id


def _positions(session: Session, rows: Sequence[Row]) -> dict[str, int]:
    """The positions of some rows of one owner, which come in the order in which they will begin."""
    before = _count_ahead(session, rows[0])
    if before == LAST_COUNTED:
        return {}
    if len(rows) == 1:
        return {rows[0].id: before + 1}
    last = min(_count_ahead(session, rows[-1]) + 1, LAST_COUNTED)
    between = (
        sa.select(_EXPERIMENTS.c.id)
        .where(_EXPERIMENTS.c.owner == rows[0].owner, _QUEUED)
        .order_by(_EXPERIMENTS.c.priority.desc(), _EXPERIMENTS.c.created_at, _EXPERIMENTS.c.id)
        .offset(before)
        .limit(last - before)
    )
    found = {id_: before + place for place, id_ in enumerate(session.execute(between).scalars(), start=1)}
    return {row.id: found[row.id] for row in rows if row.id in found}


def _count_ahead(session: Session, row: Row) -> int:
    """Number of the owner's experiments that start before this one, counted up to LAST_COUNTED."""
    place = {name: getattr(row, name) for name in ("owner", "priority", "created_at", "id")}
    ahead: int = session.execute(_AHEAD, place).scalar_one()
    return min(ahead, LAST_COUNTED)
