"""Presence of engines: each reports itself, for /readyz and for people."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.health.models import EngineRow, WorkerHostRow

__all__ = ["WorkerMemory", "Workers", "forget_engine", "record_engine", "worker_memory"]

_SILENCE = timedelta(days=1)


class Workers(NamedTuple):
    """Workers that could start an experiment now."""

    slots: int
    """Workers of all engines, busy or not."""

    engine_silent_seconds: float | None = None
    """Seconds without an engine's heartbeat; 0 if unknown, None while an engine beats."""

    worker_silent_seconds: float | None = None
    """Seconds without a ready worker; 0 if unknown, None while a worker is ready or no engine beats."""


class WorkerMemory(NamedTuple):
    """What a worker may use, and what it uses before it trains; None if that is not known."""

    limit_bytes: int | None = None
    """The limit of the roomiest worker of all engines."""

    idle_bytes: int | None = None
    """The least that an idle worker of any host uses."""


def record_engine(session: Session, engine: EngineRow) -> None:
    """Record that this engine lives; engines silent for a day are forgotten."""
    session.merge(engine)
    silent = EngineRow.beat_at < engine.beat_at - _SILENCE
    session.execute(sa.delete(EngineRow).where(silent))


def forget_engine(session: Session, engine_id: str) -> None:
    """Record that this engine has ended."""
    session.execute(sa.delete(EngineRow).where(EngineRow.id == engine_id))


_IDLE = sa.select(sa.func.min(WorkerHostRow.idle_bytes)).scalar_subquery()
_MEMORY = sa.select(EngineRow.worker_memory_bytes, _IDLE)


def worker_memory(session: Session) -> WorkerMemory:
    """The memory of workers, as their engines and they themselves report it."""
    rows = session.execute(_MEMORY).all()
    if not rows or any(limit is None for limit, _ in rows):
        return WorkerMemory()
    return WorkerMemory(max(limit for limit, _ in rows), rows[0][1])
