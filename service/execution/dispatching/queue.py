"""Read the queue in small pieces along its indexes, whatever its length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.spec import lanes_per_stack
from service.execution.dispatching.cohorts import Waiting
from service.experiments.models import ExperimentRow

__all__ = ["DatabaseQueue", "lanes_columns", "lanes_of"]

_PIECE = 16

_EXPERIMENTS: Any = ExperimentRow.__table__

# Literals, since the partial index of cohorts is found by them alone.
_QUEUED: Any = sa.literal_column("'queued'")
_NONE_LOST: Any = sa.literal_column("0")
_COHORT: Any = sa.bindparam("cohort", type_=_EXPERIMENTS.c.cohort.type)
_OWNER: Any = sa.bindparam("owner", type_=_EXPERIMENTS.c.owner.type)
_TAKEN: Any = sa.bindparam("taken", type_=_EXPERIMENTS.c.id.type, expanding=True)


def lanes_columns(table: Any) -> tuple[Any, ...]:
    """The columns by which ``lanes_of`` says how many lanes a stack should have."""
    return (
        table.c.parameters,
        table.c.spec["batch_size"].as_integer().label("batch_size"),
        table.c.spec["precision"].as_string().label("precision"),
    )


def lanes_of(row: Any) -> int:
    """Number of lanes a stack of this experiment's cohort should have."""
    return lanes_per_stack(row.parameters, row.batch_size, row.precision)


class DatabaseQueue:
    """The queue seen through one session, without changes: taken rows are only skipped from then on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._taken: set[str] = set()
        self._fronts: dict[str | None, dict[str, Waiting]] = {}
        self._ahead: dict[tuple[str | None, str], list[Waiting]] = {}

    def fronts(self, cohort: str | None = None) -> Mapping[str, Waiting]:
        """The best of every owner, of all that wait or of those that may ride in a stack of the cohort."""
        if cohort not in self._fronts:
            self._fronts[cohort] = {each.owner: each for each in self._ask(_FRONTS, cohort)}
        return self._fronts[cohort]

    def take(self, waiting: Waiting) -> None:
        """Pass this one over."""
        self._taken.add(waiting.id)
        for cohort, fronts in self._fronts.items():
            if (front := fronts.get(waiting.owner)) and front.id in self._taken:
                following = self._following(cohort, waiting.owner)
                if following is None:
                    del fronts[waiting.owner]
                else:
                    fronts[waiting.owner] = following

    def _following(self, cohort: str | None, owner: str) -> Waiting | None:
        ahead = [each for each in self._ahead.get((cohort, owner), ()) if each.id not in self._taken]
        if not ahead:
            ahead = self._ask(_PIECES, cohort, owner=owner)
        self._ahead[cohort, owner] = ahead
        return ahead[0] if ahead else None

    def _ask(self, statements: Mapping[bool, Any], cohort: str | None, **more: str) -> list[Waiting]:
        of_cohort = cohort is not None
        values = {"taken": sorted(self._taken), **more, **({"cohort": cohort} if of_cohort else {})}
        return [_waiting(row) for row in self._session.execute(statements[of_cohort], values)]


def _waiting(row: Any) -> Waiting:
    cohort = row.cohort if row.losses == 0 else None
    return Waiting(row.id, row.owner, row.priority, row.created_at, cohort, lanes_of(row))


def _columns(table: Any) -> tuple[Any, ...]:
    names = ("id", "owner", "priority", "created_at", "cohort", "losses")
    return (*(table.c[name] for name in names), *lanes_columns(table))


def _queued(table: Any, *, of_cohort: bool) -> list[Any]:
    """The conditions shared by all queued rows."""
    conditions = [table.c.status == _QUEUED, table.c.id.not_in(_TAKEN)]
    if of_cohort:
        return [*conditions, table.c.cohort == _COHORT, table.c.losses == _NONE_LOST]
    return [*conditions, table.c.finished_at.is_(None)]


def _best(rows: Any, owner: Any, *, of_cohort: bool) -> Any:
    """The rows of an owner's highest priority, the oldest first; the index has the order of both steps."""
    high = _EXPERIMENTS.alias()
    highest = sa.select(high.c.priority).where(*_queued(high, of_cohort=of_cohort), high.c.owner == owner)
    highest = highest.order_by(high.c.priority.desc()).limit(1).correlate_except(high)
    conditions = (*_queued(rows, of_cohort=of_cohort), rows.c.owner == owner)
    found = sa.select(rows).where(*conditions, rows.c.priority == highest.scalar_subquery())
    return found.order_by(rows.c.created_at, rows.c.id).correlate_except(rows)


def _piece(*, of_cohort: bool) -> Any:
    """The first rows of an owner."""
    rows = _EXPERIMENTS.alias()
    return _best(rows, _OWNER, of_cohort=of_cohort).with_only_columns(*_columns(rows)).limit(_PIECE)


def _fronts(*, of_cohort: bool) -> Any:
    """The best row of every owner; the index is entered anew for each owner."""
    line, rows, best = _EXPERIMENTS.alias(), _EXPERIMENTS.alias(), _EXPERIMENTS.alias()
    in_line = (
        sa.select(line.c.owner).where(*_queued(line, of_cohort=of_cohort)).order_by(line.c.owner).limit(1)
    )
    owners = sa.select(in_line.scalar_subquery().label("owner")).cte("owners", recursive=True)
    following = in_line.where(line.c.owner > owners.c.owner).correlate_except(line).scalar_subquery()
    owners = owners.union_all(sa.select(following).where(owners.c.owner.is_not(None)))
    front = _best(best, owners.c.owner, of_cohort=of_cohort).with_only_columns(best.c.id).limit(1)
    return sa.select(*_columns(rows)).join_from(owners, rows, rows.c.id == front.scalar_subquery())


# Made once, as making them takes longer than running them: of a cohort, and of all.
_FRONTS = {of_cohort: _fronts(of_cohort=of_cohort) for of_cohort in (False, True)}
_PIECES = {of_cohort: _piece(of_cohort=of_cohort) for of_cohort in (False, True)}
