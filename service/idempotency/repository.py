"""Read and write the rows of idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.idempotency.models import IdempotencyKeyRow

__all__ = ["Row", "find", "insert", "reap", "update"]

Row = sa.Row[Any]
"""A row of ``idempotency_keys``."""

_KEYS: Any = IdempotencyKeyRow.__table__
_IDENTITY = (_KEYS.c.owner, _KEYS.c.operation, _KEYS.c.key)
_WHERE = sa.and_(*(column == sa.bindparam(f"its_{column.name}") for column in _IDENTITY))
_FIND = sa.select(_KEYS).where(_WHERE)
_UPDATE = sa.update(_KEYS).where(_WHERE)


def _insert(dialect: Any) -> Any:
    statement = dialect.insert(_KEYS)
    values = {column.name: statement.excluded[column.name] for column in _KEYS.c if not column.primary_key}
    return statement.on_conflict_do_update(
        index_elements=_IDENTITY, set_=values, where=_KEYS.c.created_at < sa.bindparam("expired")
    ).returning(_KEYS.c.key)


# Made once, as all that every such request runs.
_INSERTS = {"postgresql": _insert(postgresql), "sqlite": _insert(sqlite)}


def insert(session: Session, values: Mapping[str, Any], *, expired: datetime) -> bool:
    """Store a key, replacing one from before ``expired``; False if it is taken.

    If an open transaction has stored the key, this waits for the end of that transaction. A taken key cannot
    be changed or removed before this transaction ends.
    """
    statement = _INSERTS[session.get_bind().dialect.name]
    empty = {"status": None, "headers": None, "content": None}
    return session.execute(statement, {**empty, **values, "expired": expired}).first() is not None


def find(session: Session, owner: str, operation: str, key: str) -> Row:
    """The row of a key that is taken."""
    return session.execute(_FIND, _its(owner, operation, key)).one()


def update(session: Session, owner: str, operation: str, key: str, values: Mapping[str, Any]) -> None:
    """Complete the row of a key."""
    session.execute(_UPDATE.values(dict(values)), _its(owner, operation, key))


def _its(owner: str, operation: str, key: str) -> dict[str, str]:
    return {"its_owner": owner, "its_operation": operation, "its_key": key}


def reap(session: Session, expired: datetime, most: int) -> None:
    """Remove up to ``most`` keys from before a point in time, except for locked ones."""
    oldest = (
        sa.select(*_IDENTITY)
        .where(_KEYS.c.created_at < expired)
        .order_by(_KEYS.c.created_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    session.execute(sa.delete(_KEYS).where(sa.tuple_(*_IDENTITY).in_(oldest)))
