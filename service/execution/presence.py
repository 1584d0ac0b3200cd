"""Which engines live: each says so, for /readyz and for people."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.execution.models import EngineRow

__all__ = ["forget_engine", "record_engine"]

_SILENCE = timedelta(days=1)


def record_engine(session: Session, engine: EngineRow) -> None:
    """Say that this engine lives; engines that have said nothing for a day are forgotten."""
    session.merge(engine)
    silent = EngineRow.beat_at < engine.beat_at - _SILENCE
    session.execute(sa.delete(EngineRow).where(silent))


def forget_engine(session: Session, engine_id: str) -> None:
    """Say that this engine has ended."""
    session.execute(sa.delete(EngineRow).where(EngineRow.id == engine_id))
