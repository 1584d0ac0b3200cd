"""Reading the rows of checkpoints."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.checkpoints.models import CheckpointChunkRow, CheckpointRow

__all__ = ["Row", "find", "find_all", "pieces"]

Row = sa.Row[Any]
"""A row of ``checkpoints``."""

_CHECKPOINTS: Any = CheckpointRow.__table__
_CHUNKS: Any = CheckpointChunkRow.__table__


def find_all(session: Session, experiment_id: str) -> Sequence[Row]:
    """An experiment's checkpoints."""
    statement = sa.select(_CHECKPOINTS).where(_CHECKPOINTS.c.experiment_id == experiment_id)
    return session.execute(statement.order_by(_CHECKPOINTS.c.kind)).all()


def find(session: Session, experiment_id: str, kind: str) -> Row | None:
    """One checkpoint."""
    statement = sa.select(_CHECKPOINTS).where(
        _CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == kind
    )
    return session.execute(statement).first()


def pieces(session: Session, experiment_id: str, kind: str) -> Iterator[bytes]:
    """A checkpoint's bytes, each piece read when it is asked for while the session is open."""
    statement = sa.select(_CHUNKS.c.content).where(
        _CHUNKS.c.experiment_id == experiment_id,
        _CHUNKS.c.kind == kind,
        _CHUNKS.c.position == sa.bindparam("position"),
    )
    for position in itertools.count():
        piece = session.execute(statement, {"position": position}).scalar_one_or_none()
        if piece is None:
            return
        yield piece
