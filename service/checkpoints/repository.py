"""Reading the rows of checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.checkpoints.models import CheckpointChunkRow, CheckpointRow

__all__ = ["Row", "StoredContent", "content", "find", "find_all"]

Row = sa.Row[Any]
"""A row of ``checkpoints``."""

_CHECKPOINTS: Any = CheckpointRow.__table__
_CHUNKS: Any = CheckpointChunkRow.__table__


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A checkpoint's bytes in pieces, with the hash and the size that belong to them."""

    sha256: str
    size: int
    pieces: Iterator[bytes]


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


def content(session: Session, experiment_id: str, kind: str) -> StoredContent | None:
    """A checkpoint's bytes, read piece by piece while the session is open.

    One statement reads it all, so that the bytes are those of one epoch even if a better one is stored meanwhile.
    """
    of_checkpoint = sa.and_(
        _CHUNKS.c.experiment_id == _CHECKPOINTS.c.experiment_id, _CHUNKS.c.kind == _CHECKPOINTS.c.kind
    )
    statement = (
        sa.select(_CHECKPOINTS.c.sha256, _CHECKPOINTS.c.bytes, _CHUNKS.c.content)
        .select_from(_CHECKPOINTS.join(_CHUNKS, of_checkpoint))
        .where(_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == kind)
        .order_by(_CHUNKS.c.position)
    )
    rows = iter(session.execute(statement, execution_options={"yield_per": 1}))
    first = next(rows, None)
    if first is None:
        return None
    return StoredContent(first.sha256, first.bytes, _pieces(first.content, rows))


def _pieces(first: bytes, following: Iterator[Row]) -> Iterator[bytes]:
    yield first
    for row in following:
        yield row.content
