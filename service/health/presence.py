"""Which engines live: each says so, for /readyz and for people."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.health.models import EngineRow

__all__ = ["Workers", "forget_engine", "record_engine", "worker_memory_bytes"]

_SILENCE = timedelta(days=1)


class Workers(NamedTuple):
    """Who could begin an experiment now."""

    slots: int
    """Workers of all engines, busy or not."""

    engine_silent_seconds: float | None = None
    """Seconds without an engine's heartbeat; 0 if unknown, None while an engine beats."""

    worker_silent_seconds: float | None = None
    """Seconds without a ready worker; 0 if unknown, None while a worker is ready or no engine beats."""


def record_engine(session: Session, engine: EngineRow) -> None:
    """Say that this engine lives; engines that have said nothing for a day are forgotten."""
    session.merge(engine)
    silent = EngineRow.beat_at < engine.beat_at - _SILENCE
    session.execute(sa.delete(EngineRow).where(silent))


def forget_engine(session: Session, engine_id: str) -> None:
    """Say that this engine has ended."""
    session.execute(sa.delete(EngineRow).where(EngineRow.id == engine_id))


def worker_memory_bytes(session: Session) -> int | None:
    """What the roomiest worker of all engines may use; None where that is not known."""
    limits = session.scalars(sa.select(EngineRow.worker_memory_bytes)).all()
    known = [limit for limit in limits if limit is not None]
    return max(known) if known and len(known) == len(limits) else None
