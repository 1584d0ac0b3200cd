"""Read and write the rows of leftovers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.leftovers.models import LeftoverRow

__all__ = ["Kind", "Leftover", "first", "forget", "hold", "note", "note_ids"]

Kind = Literal["blob", "chunks", "experiment", "state", "upload", "version"]

_LEFTOVERS: Any = LeftoverRow.__table__


@dataclass(frozen=True, slots=True)
class Leftover:
    """Bytes that something has let go of, by what they are and under which id they are stored."""

    kind: Kind
    id: str


def note(session: Session, kind: Kind, ids: sa.Select[Any]) -> None:
    """Pass these bytes to the sweeper."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    found = ids.subquery()
    rows = sa.select(sa.literal(kind), *found.c).where(sa.true())
    statement = insert(_LEFTOVERS).from_select(["kind", "id"], rows)
    # To write the row again waits for a sweeper that is about to remove it; to leave it alone would not.
    again = {"id": statement.excluded.id}
    session.execute(statement.on_conflict_do_update(index_elements=["kind", "id"], set_=again))


def note_ids(session: Session, kind: Kind, ids: Iterable[str]) -> None:
    """The same, of bytes whose ids are known."""
    for id_ in sorted(set(ids)):
        note(session, kind, sa.select(sa.literal(id_)))


def first(session: Session) -> Leftover | None:
    """Something to look at; None if there is nothing."""
    row = session.execute(sa.select(_LEFTOVERS).order_by(_LEFTOVERS.c.kind, _LEFTOVERS.c.id).limit(1)).first()
    return None if row is None else Leftover(row.kind, row.id)


def hold(session: Session, leftover: Leftover) -> bool:
    """Keep others from noting or sweeping the same before this transaction ends; False if it is gone."""
    return session.execute(_of(sa.select(_LEFTOVERS.c.id), leftover).with_for_update()).first() is not None


def forget(session: Session, leftover: Leftover) -> None:
    """Remove it from the leftovers: it is in use, or already deleted."""
    session.execute(_of(sa.delete(_LEFTOVERS), leftover))


def _of(statement: Any, leftover: Leftover) -> Any:
    return statement.where(_LEFTOVERS.c.kind == leftover.kind, _LEFTOVERS.c.id == leftover.id)
