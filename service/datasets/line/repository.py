"""Reading queue of uploaded data sets: a fair share between owners, by the bytes of their files.

Start-time fair queuing (Goyal, Vin and Cheng 1996, https://doi.org/10.1145/248156.248171): an owner's tag is the sum of
what has been read for them, and a data set's start is its owner's tag and what the owner has waiting before it. No
start lies before that of what was begun last. The smallest start is read next: neither many files of one owner nor a
large one hold up those of others for longer than it takes to read what is being read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.datasets.models import DatasetRow
from service.limits.models import OwnerUsageRow

__all__ = ["Waiting", "begin", "first", "places", "refund"]

FILE_COST = 2**20
"""Bytes charged per file in addition to its size, for the fixed cost of reading one."""

_DATASETS: Any = DatasetRow.__table__
_USAGE: Any = OwnerUsageRow.__table__
_IS_UNREAD = sa.and_(_DATASETS.c.status == "validating", _DATASETS.c.finished_at.is_(None))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A data set that waits to be read, with the bytes of its file and what it counts for its owner."""

    id: str
    owner: str
    bytes: int
    start: int
    cost: int


def _line(waiting: sa.ColumnElement[bool]) -> Any:
    """The data sets that wait, with their start, their cost, and their place from 1."""
    cost = _DATASETS.c.bytes + FILE_COST
    # An owner without uploads for a while accumulates no credit.
    now = sa.select(sa.func.coalesce(sa.func.max(_USAGE.c.reading_start), 0)).scalar_subquery()
    own = sa.func.coalesce(_USAGE.c.reading_tag, 0)
    tag = sa.case((own > now, own), else_=now)
    order = (_DATASETS.c.created_at, _DATASETS.c.id)
    before = sa.func.sum(cost).over(partition_by=_DATASETS.c.owner, order_by=order, rows=(None, -1))
    rows = (
        sa.select(
            _DATASETS.c.id,
            _DATASETS.c.owner,
            _DATASETS.c.bytes,
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


_WAITING = _line(sa.and_(_IS_UNREAD, _DATASETS.c.reading_since.is_(None))).subquery()
# A data set whose engine died during the reading also waits: the next engine starts it again.
_IS_NOT_BEING_READ = _DATASETS.c.id.not_in(sa.bindparam("reading", expanding=True))
_UNREAD = _line(sa.and_(_IS_UNREAD, _IS_NOT_BEING_READ)).order_by("place").limit(1)


def places(session: Session, identifiers: Collection[str]) -> dict[str, int]:
    """The places in line, from 1, of those of some data sets that wait."""
    statement = sa.select(_WAITING.c.id, _WAITING.c.place).where(_WAITING.c.id.in_(identifiers))
    return {row.id: int(row.place) for row in session.execute(statement)}


def first(session: Session, reading: Collection[str]) -> Waiting | None:
    """The first in line, beside those that this engine reads; None without any."""
    row = session.execute(_UNREAD, {"reading": list(reading)}).first()
    return None if row is None else Waiting(row.id, row.owner, row.bytes, int(row.start), int(row.cost))


def begin(session: Session, waiting: Waiting, now: datetime) -> int | None:
    """Start a new attempt at a data set and count it for its owner; return the attempt's number.

    None if the data set is no longer to be read.
    """
    values = {"attempt": _DATASETS.c.attempt + 1, "counter": _DATASETS.c.counter + 1, "reading_since": now}
    begun = sa.update(_DATASETS).where(_DATASETS.c.id == waiting.id, _IS_UNREAD).values(**values)
    attempt = session.execute(begun.returning(_DATASETS.c.attempt)).scalar_one_or_none()
    if attempt is not None:
        _count(session, waiting)
    return attempt


def refund(session: Session, identifier: str) -> None:
    """Take back what the last attempt at a data set counted for its owner."""
    which = _DATASETS.c.id == identifier
    cost = sa.select(_DATASETS.c.bytes + FILE_COST).where(which).scalar_subquery()
    owner = sa.select(_DATASETS.c.owner).where(which).scalar_subquery()
    values = {"reading_tag": _USAGE.c.reading_tag - cost}
    session.execute(sa.update(_USAGE).where(_USAGE.c.owner == owner).values(**values))


def _count(session: Session, begun: Waiting) -> None:
    """Move the owner's tag behind what is read now."""
    tags = {"reading_start": begun.start, "reading_tag": begun.start + begun.cost}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(_USAGE).values(owner=begun.owner, experiment_bytes=0, **tags)
    session.execute(added.on_conflict_do_update(index_elements=["owner"], set_=tags))
