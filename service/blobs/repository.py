"""Read and write the rows of large contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs.models import BlobPieceRow, BlobRow
from service.leftovers import repository as leftovers
from service.storage.database import utc_now

__all__ = [
    "BlobGone",
    "add_piece",
    "being_written",
    "create",
    "drop_pieces",
    "find_piece",
    "keep",
    "let_go",
    "piece_count",
]

_BLOBS: Any = BlobRow.__table__
_PIECES: Any = BlobPieceRow.__table__
_REMOVED = -1


class BlobGone(Exception):
    """The sweeper has removed what was being written, since nothing happened to it for long."""


def create(session: Session, blob_id: str) -> None:
    """Begin to write a content; does nothing if that was done."""
    if session.get(BlobRow, blob_id) is None:
        session.execute(sa.insert(_BLOBS).values(id=blob_id, pieces=0, stored_at=None))


def add_piece(session: Session, blob_id: str, position: int, content: bytes) -> None:
    """Write the next piece; does nothing if that was done. Raises BlobGone."""
    following = (_BLOBS.c.id == blob_id, _BLOBS.c.pieces == position)
    counted = session.execute(sa.update(_BLOBS).where(*following).values(pieces=position + 1))
    if cast("sa.CursorResult[Any]", counted).rowcount:
        sha256 = hashlib.sha256(content).hexdigest()
        values = {"blob_id": blob_id, "position": position, "sha256": sha256, "content": content}
        session.execute(sa.insert(_PIECES).values(values))
    elif piece_count(session, blob_id) != position + 1:
        raise BlobGone(blob_id)


def keep(session: Session, blob_id: str) -> None:
    """Keep a content that this transaction references; raises BlobGone."""
    there = (_BLOBS.c.id == blob_id, _BLOBS.c.pieces != _REMOVED)
    kept = sa.update(_BLOBS).where(*there).values(stored_at=sa.func.coalesce(_BLOBS.c.stored_at, utc_now()))
    if not cast("sa.CursorResult[Any]", session.execute(kept)).rowcount:
        raise BlobGone(blob_id)


def piece_count(session: Session, blob_id: str) -> int | None:
    """Number of pieces of a content; None if it does not exist."""
    count: int | None = session.execute(sa.select(_BLOBS.c.pieces).where(_BLOBS.c.id == blob_id)).scalar()
    return count


def find_piece(session: Session, blob_id: str, position: int) -> sa.Row[Any] | None:
    """The ``content`` of a piece and its ``sha256``."""
    which = (_PIECES.c.blob_id == blob_id, _PIECES.c.position == position)
    return session.execute(sa.select(_PIECES.c.content, _PIECES.c.sha256).where(*which)).first()


def being_written(session: Session) -> dict[str, int]:
    """The contents to which nothing refers yet, and how many pieces of each there are."""
    statement = sa.select(_BLOBS.c.id, _BLOBS.c.pieces).where(_BLOBS.c.stored_at.is_(None))
    return {row.id: row.pieces for row in session.execute(statement)}


def drop_pieces(session: Session, blob_id: str, most: int) -> int:
    """Remove some pieces of a content that is not used, and at last itself; returns how many pieces that were."""
    session.execute(sa.update(_BLOBS).where(_BLOBS.c.id == blob_id).values(pieces=_REMOVED))
    of_blob = _PIECES.c.blob_id == blob_id
    last = sa.select(_PIECES.c.position).where(of_blob).order_by(_PIECES.c.position.desc()).limit(most)
    positions = session.execute(last).scalars().all()
    session.execute(sa.delete(_PIECES).where(of_blob, _PIECES.c.position.in_(positions)))
    if len(positions) < most:
        session.execute(sa.delete(_BLOBS).where(_BLOBS.c.id == blob_id))
    return len(positions)


def let_go(session: Session, blob_ids: Iterable[str | None]) -> None:
    """Pass contents that lost a reference to the sweeper."""
    leftovers.note_ids(session, "blob", [each for each in blob_ids if each is not None])
