"""Counting what an owner has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.checkpoints.models import CheckpointRow
from service.experiments.models import ExperimentRow

__all__ = ["count_experiments", "stored_bytes"]

_EXPERIMENTS: Any = ExperimentRow.__table__
_CHECKPOINTS: Any = CheckpointRow.__table__


def count_experiments(session: Session, owner: str, statuses: Collection[str]) -> int:
    """How many experiments of these statuses an owner has."""
    own = (_EXPERIMENTS.c.owner == owner, _EXPERIMENTS.c.status.in_(statuses))
    count: int = session.execute(sa.select(sa.func.count()).where(*own)).scalar_one()
    return count


def stored_bytes(session: Session, owner: str) -> int:
    """The size of all checkpoints of an owner's."""
    total = (
        sa.select(sa.func.coalesce(sa.func.sum(_CHECKPOINTS.c.bytes), 0))
        .join_from(_EXPERIMENTS, _CHECKPOINTS, _CHECKPOINTS.c.experiment_id == _EXPERIMENTS.c.id)
        .where(_EXPERIMENTS.c.owner == owner)
    )
    return int(session.execute(total).scalar_one())
