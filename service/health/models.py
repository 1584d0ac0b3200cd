"""The table of engine processes; its wall clock is for people, never for a decision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.database import Base

__all__ = ["EngineRow", "WorkerHostRow"]


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

    restarts: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Engines that it succeeds, each of which ended or was killed, since the process that watches it started."""


class WorkerHostRow(Base):
    """One machine or container with workers, as they report it together; its counts outlive each of them."""

    __tablename__ = "worker_hosts"

    hostname: Mapped[str] = mapped_column(primary_key=True)
    reported_at: Mapped[datetime]
    flushes: Mapped[int] = mapped_column(BigInteger)
    flush_seconds: Mapped[float]
    """Time that all flushes took together, waiting for the database included."""

    replacements: Mapped[int] = mapped_column(BigInteger)
    """Workers that took the place of one that had died or was killed."""

    cache_bytes: Mapped[int] = mapped_column(BigInteger)
    """Files of uploaded data sets that the host's workers keep."""

    idle_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Memory of its own that a worker used before its first training; None if the system does not say."""
