"""The line of uploaded data sets that wait to be read: a fair share between owners, by the bytes of their files.

Start-time fair queuing (Goyal, Vin and Cheng 1996, https://doi.org/10.1145/248156.248171): an owner's tag is the sum of
what has been read for them, and a data set's start is its owner's tag and what the owner has waiting before it. No
start lies before that of what was begun last. The
smallest start is read next, so that many files of one owner, or a large one, hold up nobody else's for longer than it
takes to read the one that is being read.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.datasets.models import DatasetRow
from service.limits.models import OwnerUsageRow

__all__ = ["begin", "places"]

FILE_COST = 2**20
"""Bytes that a file counts for beside its own, since to start reading takes time, too."""

_DATASETS: Any = DatasetRow.__table__
_USAGE: Any = OwnerUsageRow.__table__
_IS_UNREAD = sa.and_(_DATASETS.c.status == "validating", _DATASETS.c.finished_at.is_(None))


def _line(waiting: sa.ColumnElement[bool]) -> Any:
    """The data sets that wait, with their start, their cost, and their place from 1."""
    cost = _DATASETS.c.bytes + FILE_COST
    # Who had nothing to read for long has saved up nothing by that.
    now = sa.select(sa.func.coalesce(sa.func.max(_USAGE.c.reading_start), 0)).scalar_subquery()
    own = sa.func.coalesce(_USAGE.c.reading_tag, 0)
    tag = sa.case((own > now, own), else_=now)
    order = (_DATASETS.c.created_at, _DATASETS.c.id)
    before = sa.func.sum(cost).over(partition_by=_DATASETS.c.owner, order_by=order, rows=(None, -1))
    rows = (
        sa.select(
            _DATASETS.c.id,
            _DATASETS.c.owner,
            _DATASETS.c.created_at,
            cost.label("cost"),
            (tag + sa.func.coalesce(before, 0)).label("start"),
        )
        .select_from(_DATASETS.outerjoin(_USAGE, _USAGE.c.owner == _DATASETS.c.owner))
        .where(waiting)
        .subquery()
    )
    place = sa.func.row_number().over(order_by=(rows.c.start, rows.c.created_at, rows.c.id))
    return sa.select(rows, place.label("place"))


# What is being read is in no line; one whose engine died is begun again by the next engine.
_WAITING = _line(sa.and_(_IS_UNREAD, _DATASETS.c.reading_since.is_(None))).subquery()
_UNREAD = _line(_IS_UNREAD)


def places(session: Session, identifiers: Collection[str]) -> dict[str, int]:
    """The places in line, from 1, of those of some data sets that wait."""
    statement = sa.select(_WAITING.c.id, _WAITING.c.place).where(_WAITING.c.id.in_(identifiers))
    return {row.id: int(row.place) for row in session.execute(statement)}


def begin(session: Session, now: datetime) -> sa.Row[Any] | None:
    """Start a new attempt at the first in line, and count it for its owner; None without any."""
    line = sorted(session.execute(_UNREAD).all(), key=lambda row: row.place)
    if not line:
        return None
    first = line[0]
    values = {"attempt": _DATASETS.c.attempt + 1, "counter": _DATASETS.c.counter + 1, "reading_since": now}
    begun = sa.update(_DATASETS).where(_DATASETS.c.id == first.id, _IS_UNREAD).values(**values)
    row = session.execute(begun.returning(*_DATASETS.c)).first()
    if row is not None:
        _count(session, first)
    return row


def _count(session: Session, begun: sa.Row[Any]) -> None:
    """Move the owner's tag behind what is read now."""
    tags = {"reading_start": int(begun.start), "reading_tag": int(begun.start + begun.cost)}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(_USAGE).values(owner=begun.owner, experiment_bytes=0, **tags)
    session.execute(added.on_conflict_do_update(index_elements=["owner"], set_=tags))
