"""Tables of large contents."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["BlobPieceRow", "BlobRow"]

_BEING_WRITTEN = text("stored_at IS NULL")


class BlobRow(Base):
    """A content that never changes once it is stored; checkpoints and resume states refer to it by its id."""

    __tablename__ = "blobs"
    __table_args__ = (
        Index("ix_blobs_being_written", "id", sqlite_where=_BEING_WRITTEN, postgresql_where=_BEING_WRITTEN),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    pieces: Mapped[int]
    """Number of references; -1 once the sweeper removes the blob."""

    stored_at: Mapped[datetime | None]
    """Time of the first reference; None while the pieces are written."""


class BlobPieceRow(Base):
    """A piece of a content, and the piece's own hash."""

    __tablename__ = "blob_pieces"

    blob_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
