"""The queue as the database has it, read in small pieces along its indexes, however long it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.spec import lanes_per_stack
from service.execution.cohorts import Waiting
from service.experiments.models import ExperimentRow

__all__ = ["DatabaseQueue", "lanes_columns", "lanes_of"]

_PIECE = 16

_EXPERIMENTS: Any = ExperimentRow.__table__

# Literals, since a partial index is found by them alone.
_QUEUED: Any = sa.literal_column("'queued'")
_NONE_LOST: Any = sa.literal_column("0")


def lanes_columns(table: Any) -> tuple[Any, ...]:
    """The columns by which ``lanes_of`` says how many lanes a stack should have."""
    return (
        table.c.parameters,
        table.c.spec["batch_size"].as_integer().label("batch_size"),
        table.c.spec["precision"].as_string().label("precision"),
    )


def lanes_of(row: Any) -> int:
    """How many lanes a stack of this experiment's cohort should have."""
    return lanes_per_stack(row.parameters, row.batch_size, row.precision)


class DatabaseQueue:
    """What waits, seen through one session. Changes nothing: what is taken is only passed over from then on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._taken: set[str] = set()
        self._fronts: dict[str | None, dict[str, Waiting]] = {}
        self._ahead: dict[tuple[str | None, str], list[Waiting]] = {}

    def fronts(self, cohort: str | None = None) -> Mapping[str, Waiting]:
        """The best of every owner, of all that wait or of those that may ride in a stack of the cohort."""
        if cohort not in self._fronts:
            rows = map(_waiting, self._session.execute(_fronts(cohort, self._taken)))
            self._fronts[cohort] = {row.owner: row for row in rows}
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
            ahead = [*map(_waiting, self._session.execute(_piece(cohort, owner, self._taken)))]
        self._ahead[cohort, owner] = ahead
        return ahead[0] if ahead else None


def _waiting(row: Any) -> Waiting:
    cohort = row.cohort if row.losses == 0 else None
    return Waiting(row.id, row.owner, row.priority, row.created_at, cohort, lanes_of(row))


def _columns(table: Any) -> tuple[Any, ...]:
    names = ("id", "owner", "priority", "created_at", "cohort", "losses")
    return (*(table.c[name] for name in names), *lanes_columns(table))


def _queued(table: Any, cohort: str | None, taken: set[str]) -> list[Any]:
    """What the rows of a line have in common."""
    conditions = [table.c.status == _QUEUED]
    if cohort is not None:
        conditions += [table.c.cohort == cohort, table.c.losses == _NONE_LOST]
    return [*conditions, table.c.id.not_in(sorted(taken))] if taken else conditions


def _best(rows: Any, cohort: str | None, owner: Any, taken: set[str]) -> Any:
    """The rows of an owner's highest priority, the oldest first; the index has the order of both steps."""
    high = _EXPERIMENTS.alias()
    highest = sa.select(high.c.priority).where(*_queued(high, cohort, taken), high.c.owner == owner)
    highest = highest.order_by(high.c.priority.desc()).limit(1).correlate_except(high)
    conditions = (*_queued(rows, cohort, taken), rows.c.owner == owner)
    found = sa.select(rows).where(*conditions, rows.c.priority == highest.scalar_subquery())
    return found.order_by(rows.c.created_at, rows.c.id).correlate_except(rows)


def _piece(cohort: str | None, owner: str, taken: set[str]) -> Any:
    rows = _EXPERIMENTS.alias()
    return _best(rows, cohort, owner, taken).with_only_columns(*_columns(rows)).limit(_PIECE)


def _fronts(cohort: str | None, taken: set[str]) -> Any:
    """The best row of every owner; the index is entered anew for each owner."""
    line, rows, best = _EXPERIMENTS.alias(), _EXPERIMENTS.alias(), _EXPERIMENTS.alias()
    in_line = sa.select(line.c.owner).where(*_queued(line, cohort, taken)).order_by(line.c.owner).limit(1)
    owners = sa.select(in_line.scalar_subquery().label("owner")).cte("owners", recursive=True)
    following = in_line.where(line.c.owner > owners.c.owner).correlate_except(line).scalar_subquery()
    owners = owners.union_all(sa.select(following).where(owners.c.owner.is_not(None)))
    front = _best(best, cohort, owners.c.owner, taken).with_only_columns(best.c.id).limit(1)
    return sa.select(*_columns(rows)).join_from(owners, rows, rows.c.id == front.scalar_subquery())
