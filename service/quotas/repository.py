"""Counting what an owner has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.checkpoints.models import CheckpointRow
from service.datasets.models import DatasetRow
from service.experiments.models import ExperimentRow

__all__ = ["count_experiments", "stored_bytes"]

_EXPERIMENTS: Any = ExperimentRow.__table__
_CHECKPOINTS: Any = CheckpointRow.__table__
_DATASETS: Any = DatasetRow.__table__


def count_experiments(session: Session, owner: str, statuses: Collection[str]) -> int:
    """How many experiments of these statuses an owner has."""
    own = (_EXPERIMENTS.c.owner == owner, _EXPERIMENTS.c.status.in_(statuses))
    count: int = session.execute(sa.select(sa.func.count()).where(*own)).scalar_one()
    return count


def stored_bytes(session: Session, owner: str) -> int:
    """The size of all checkpoints and all uploaded data sets of an owner's."""
    checkpoints = (
        sa.select(sa.func.coalesce(sa.func.sum(_CHECKPOINTS.c.bytes), 0))
        .join_from(_EXPERIMENTS, _CHECKPOINTS, _CHECKPOINTS.c.experiment_id == _EXPERIMENTS.c.id)
        .where(_EXPERIMENTS.c.owner == owner)
    )
    # Of what was rejected nothing is kept.
    datasets = sa.select(sa.func.coalesce(sa.func.sum(_DATASETS.c.bytes), 0)).where(
        _DATASETS.c.owner == owner, _DATASETS.c.status != "rejected"
    )
    return sum(int(session.execute(each).scalar_one()) for each in (checkpoints, datasets))
