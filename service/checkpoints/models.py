"""Tables of checkpoints: metadata, and content in pieces."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["CHECKPOINTS_IN_ROWS", "CheckpointChunkRow", "CheckpointRow"]

CHECKPOINTS_IN_ROWS = text("blob_id IS NULL AND bytes > 65536")
"""The large checkpoints that an older version stored in ``checkpoint_chunks``."""


class CheckpointRow(Base):
    """The weights of one epoch (``kind`` best or last) in safetensors format, and that epoch's metrics."""

    __tablename__ = "checkpoints"
    __table_args__ = (
        Index(
            "ix_checkpoints_in_rows",
            "experiment_id",
            "kind",
            sqlite_where=CHECKPOINTS_IN_ROWS,
            postgresql_where=CHECKPOINTS_IN_ROWS,
        ),
    )

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    metrics: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    blob_id: Mapped[str | None] = mapped_column(index=True)
    """The blob with the content, possibly shared; None for small or older content, stored in
    ``checkpoint_chunks``.
    """


class CheckpointChunkRow(Base):
    """A piece of a checkpoint's bytes, at most 8 MiB; the pieces in the order of ``position`` are the file."""

    __tablename__ = "checkpoint_chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["experiment_id", "kind"], ["checkpoints.experiment_id", "checkpoints.kind"], ondelete="CASCADE"
        ),
    )

    experiment_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
