"""Count an owner's usage, and charge it for what its experiments will store."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.checkpoints.models import CheckpointRow
from service.datasets.models import DatasetRow
from service.experiments.models import ExperimentRow
from service.experiments.states import STATUSES, TERMINAL
from service.limits.models import OwnerUsageRow

__all__ = ["charge", "count_experiments", "dataset_bytes", "experiment_bytes", "settle"]

_EXPERIMENTS: Any = ExperimentRow.__table__
_CHECKPOINTS: Any = CheckpointRow.__table__
_DATASETS: Any = DatasetRow.__table__
_USAGE: Any = OwnerUsageRow.__table__
_UNFINISHED = frozenset(STATUSES) - TERMINAL


def _charge(insert: Any) -> Any:
    added = insert(_USAGE).values(
        owner=sa.bindparam("owner"), experiment_bytes=sa.bindparam("more"), reading_tag=0, reading_start=0
    )
    total = _USAGE.c.experiment_bytes + added.excluded.experiment_bytes
    return added.on_conflict_do_update(index_elements=["owner"], set_={"experiment_bytes": total}).returning(
        _USAGE.c.experiment_bytes
    )


# Made once: every POST of an experiment runs it.
_CHARGE = {"postgresql": _charge(postgresql.insert), "sqlite": _charge(sqlite.insert)}


def charge(session: Session, owner: str, more: int) -> int:
    """Add to the bytes of an owner's experiments, and return the sum.

    Until this transaction ends no other one charges the same owner.
    """
    statement = _CHARGE[session.get_bind().dialect.name]
    total: int = session.execute(statement, {"owner": owner, "more": more}).scalar_one()
    return total


def settle(session: Session, identifiers: Iterable[str]) -> None:
    """Replace what ended experiments had reserved by what they have stored; their rows are locked already."""
    changes: dict[str, int] = {}
    for identifier in identifiers:
        stored = sa.select(sa.func.coalesce(sa.func.sum(_CHECKPOINTS.c.bytes), 0))
        stored = stored.where(_CHECKPOINTS.c.experiment_id == identifier)
        bytes_ = int(session.execute(stored).scalar_one())
        which = _EXPERIMENTS.c.id == identifier
        found = session.execute(
            sa.select(_EXPERIMENTS.c.owner, _EXPERIMENTS.c.reserved_bytes).where(which)
        ).one()
        session.execute(sa.update(_EXPERIMENTS).where(which).values(reserved_bytes=bytes_))
        changes[found.owner] = changes.get(found.owner, 0) + bytes_ - found.reserved_bytes
    # In one order, which avoids deadlocks.
    for owner, more in sorted(changes.items()):
        charge(session, owner, more)


def count_experiments(session: Session, owner: str, statuses: Collection[str]) -> int:
    """Number of an owner's experiments with these statuses."""
    own = [_EXPERIMENTS.c.owner == owner, _EXPERIMENTS.c.status.in_(statuses)]
    if _UNFINISHED.issuperset(statuses):  # what the index of the queue has
        own.append(_EXPERIMENTS.c.finished_at.is_(None))
    count: int = session.execute(sa.select(sa.func.count()).where(*own)).scalar_one()
    return count


def experiment_bytes(session: Session, owner: str) -> int:
    """Bytes stored or reserved by an owner's experiments."""
    found = sa.select(_USAGE.c.experiment_bytes).where(_USAGE.c.owner == owner)
    return session.execute(found).scalar_one_or_none() or 0


def dataset_bytes(session: Session, owner: str) -> int:
    """Bytes of an owner's uploaded data sets; uploads in progress count with their declared size."""
    size = sa.case(
        (_DATASETS.c.reserved_bytes > _DATASETS.c.bytes, _DATASETS.c.reserved_bytes), else_=_DATASETS.c.bytes
    )
    # Of what was rejected nothing is kept.
    statement = sa.select(sa.func.coalesce(sa.func.sum(size), 0)).where(
        _DATASETS.c.owner == owner, _DATASETS.c.status != "rejected"
    )
    return int(session.execute(statement).scalar_one())
