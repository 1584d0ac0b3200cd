"""The table of engine processes; its wall clock is for people, never for a decision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["EngineRow"]


class EngineRow(Base):
    """One engine process that runs, or that ended without saying so; it beats about every second."""

    __tablename__ = "engines"

    id: Mapped[str] = mapped_column(primary_key=True)
    hostname: Mapped[str]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    slots: Mapped[int]
    worker_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Memory of the worker with the most; None if unknown."""

    lease_expiries: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Experiments whose lease this engine has seen expire since it started."""

    worker_losses: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Dispatches whose worker died since the engine started."""
