"""The table of events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["EventRow"]


class EventRow(Base):
    """Something that happened to an experiment, or a stretch of epochs that were stored together.

    The row stands for ``count`` events of one type with the numbers ``sequence``, ``sequence + 1``, …: an
    experiment's events are numbered from 1 without a gap. Those of ``experiment.epoch`` begin with the epoch
    ``data["from_epoch"]`` and take their content from the epochs themselves.
    """

    __tablename__ = "experiment_events"
    __table_args__ = ({"sqlite_with_rowid": False},)

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    count: Mapped[int] = mapped_column(default=1)
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
