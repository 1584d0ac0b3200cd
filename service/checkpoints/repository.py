"""Read the rows of checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs.models import BlobPieceRow
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow

__all__ = ["Row", "find", "find_all", "find_piece", "share"]

Row = sa.Row[Any]
"""A row of ``checkpoints``."""

_CHECKPOINTS: Any = CheckpointRow.__table__
_CHUNKS: Any = CheckpointChunkRow.__table__
_PIECES: Any = BlobPieceRow.__table__
_OF_PIECE: Any = tuple(_CHECKPOINTS.c[name] for name in ("sha256", "bytes", "blob_id"))


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


def share(session: Session, source: tuple[str, str], target: tuple[str, str]) -> None:
    """Copy a checkpoint, both named by experiment and kind: a blob is shared, a few bytes are copied."""
    for table in (_CHECKPOINTS, _CHUNKS):
        others = [column for column in table.c if column.name not in {"experiment_id", "kind"}]
        found = sa.select(sa.literal(target[0]), sa.literal(target[1]), *others).where(
            table.c.experiment_id == source[0], table.c.kind == source[1]
        )
        names = ["experiment_id", "kind", *(column.name for column in others)]
        session.execute(sa.insert(table).from_select(names, found))


def find_piece(session: Session, experiment_id: str, kind: str, position: int) -> Row | None:
    """A checkpoint's ``sha256``, ``bytes`` and ``blob_id`` and, as ``content``, one of its pieces.

    ``content`` is None after the last. ``piece_sha256`` is the piece's own hash, where it has one.

    One statement, so that piece and hash belong together whatever is stored meanwhile.
    """
    piece = sa.and_(
        _CHUNKS.c.experiment_id == _CHECKPOINTS.c.experiment_id,
        _CHUNKS.c.kind == _CHECKPOINTS.c.kind,
        _CHUNKS.c.position == position,
        # Content moved to a blob may still have chunks until the sweeper removes them.
        _CHECKPOINTS.c.blob_id.is_(None),
    )
    shared = sa.and_(_PIECES.c.blob_id == _CHECKPOINTS.c.blob_id, _PIECES.c.position == position)
    content = sa.func.coalesce(_CHUNKS.c.content, _PIECES.c.content, type_=_PIECES.c.content.type)
    own_hash = _PIECES.c.sha256.label("piece_sha256")
    statement: Any = (
        sa.select(*_OF_PIECE, content.label("content"), own_hash)
        .select_from(_CHECKPOINTS.outerjoin(_CHUNKS, piece).outerjoin(_PIECES, shared))
        .where(_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == kind)
    )
    return session.execute(statement).first()
