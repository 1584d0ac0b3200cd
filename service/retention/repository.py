"""Find and delete experiments that ended long ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.checkpoints.models import CheckpointRow
from service.experiments.models import ExperimentRow
from service.experiments.removal.repository import NOBODY, remove

__all__ = ["Ended", "checkpoint_bytes", "delete", "find_ended", "next_owner"]

Ended = sa.Row[Any]
"""``id``, ``created_at`` and ``last_epoch`` of an experiment that has ended."""

_EXPERIMENTS: Any = ExperimentRow.__table__
_CHECKPOINTS: Any = CheckpointRow.__table__


def next_owner(session: Session, after: str = NOBODY) -> str | None:
    """The first owner of any experiment, in the order of their names, behind the one given."""
    owners = sa.select(sa.func.min(_EXPERIMENTS.c.owner)).where(_EXPERIMENTS.c.owner > after)
    found: str | None = session.execute(owners).scalar_one()
    return found


def find_ended(
    session: Session, owner: str, status: str, before: datetime, *, after: Ended | None, limit: int
) -> Sequence[Ended]:
    """An owner's experiments of a status that ended before a point in time, by age, behind the one given."""
    columns = _EXPERIMENTS.c
    statement = (
        sa.select(columns.id, columns.created_at, columns.last_epoch)
        # An experiment that ended before was also created before, and there is an index on the creation.
        .where(columns.owner == owner, columns.status == status)
        .where(columns.created_at < before, columns.finished_at < before)
        .order_by(columns.created_at, columns.id)
        .limit(limit)
    )
    if after is not None:
        place = sa.tuple_(sa.literal(after.created_at, columns.created_at.type), sa.literal(after.id))
        statement = statement.where(sa.tuple_(columns.created_at, columns.id) > place)
    return session.execute(statement).all()


def checkpoint_bytes(session: Session, identifiers: Sequence[str]) -> int:
    """The size of all checkpoints of these experiments."""
    total = sa.select(sa.func.coalesce(sa.func.sum(_CHECKPOINTS.c.bytes), 0))
    return int(session.execute(total.where(_CHECKPOINTS.c.experiment_id.in_(identifiers))).scalar_one())


def delete(session: Session, identifier: str) -> tuple[str, int] | None:
    """Remove an experiment; returns its owner and the bytes that they were charged for, None if it is gone."""
    found = remove(session, identifier)
    return None if found is None else (found.owner, found.reserved_bytes)
