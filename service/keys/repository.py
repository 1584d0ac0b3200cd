"""Read and write the rows of API keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.http.pagination import MOST_COUNTED, NEWEST_FIRST, Position
from service.keys.models import GroupMemberRow, KeyRow, OwnerGroupRow

__all__ = [
    "Row",
    "confirm",
    "count",
    "count_unconfirmed",
    "delete_link",
    "find",
    "find_group",
    "find_group_owners",
    "find_groups",
    "find_links",
    "find_page",
    "find_with_group",
    "has_key",
    "insert",
    "put_group",
    "put_group_of",
    "revoke",
]

Row = sa.Row[Any]
"""A row of ``api_keys``."""

_KEYS: Any = KeyRow.__table__
_GROUPS: Any = OwnerGroupRow.__table__
_MEMBERS: Any = GroupMemberRow.__table__
_FIND = sa.select(_KEYS).where(_KEYS.c.id == sa.bindparam("key_id"))
# Made once, as every request of a client that shows a key runs it.
_FIND_WITH_GROUP = (
    sa.select(_KEYS, _GROUPS.c.limits.label("group_limits"))
    .select_from(_KEYS)
    .outerjoin(_MEMBERS, _MEMBERS.c.owner == _KEYS.c.owner)
    .outerjoin(_GROUPS, _GROUPS.c.name == _MEMBERS.c.group_name)
    .where(_KEYS.c.id == sa.bindparam("key_id"))
)


def insert(session: Session, values: Mapping[str, Any]) -> Row:
    """Store a new key and return its row."""
    return session.execute(sa.insert(_KEYS).returning(*_KEYS.c), dict(values)).one()


def find(session: Session, key_id: str) -> Row | None:
    """The key of this id."""
    return session.execute(_FIND, {"key_id": key_id}).first()


def find_with_group(session: Session, key_id: str) -> Row | None:
    """The key of this id, and the ``group_limits`` of its owner's group; None if the owner has no group."""
    return session.execute(_FIND_WITH_GROUP, {"key_id": key_id}).first()


def find_page(session: Session, *, sort: str, after: Position | None, limit: int) -> Sequence[Row]:
    """Up to ``limit`` keys, without those of links, that come after a position in the order of their creation."""
    place = (_KEYS.c.created_at, _KEYS.c.id)
    newest_first = sort == NEWEST_FIRST
    keys = sa.select(_KEYS).where(_KEYS.c.experiment_id.is_(None))
    statement = keys.order_by(*(each.desc() if newest_first else each for each in place))
    if after is not None:
        behind = sa.tuple_(sa.literal(after.created_at, _KEYS.c.created_at.type), sa.literal(after.id))
        statement = statement.where(
            sa.tuple_(*place) < behind if newest_first else sa.tuple_(*place) > behind
        )
    return session.execute(statement.limit(limit)).all()


def count(session: Session) -> int | None:
    """Number of keys without those of links; None beyond MOST_COUNTED."""
    some = sa.select(_KEYS.c.id).where(_KEYS.c.experiment_id.is_(None)).limit(MOST_COUNTED + 1).subquery()
    total: int = session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return total if total <= MOST_COUNTED else None


def find_links(session: Session, experiment_id: str) -> Sequence[Row]:
    """The keys that show one experiment."""
    statement = sa.select(_KEYS).where(_KEYS.c.experiment_id == experiment_id)
    return session.execute(statement.order_by(_KEYS.c.created_at, _KEYS.c.id)).all()


def delete_link(session: Session, experiment_id: str, key_id: str) -> bool:
    """Remove a key that shows this experiment; False if there is none."""
    removed = sa.delete(_KEYS).where(_KEYS.c.id == key_id, _KEYS.c.experiment_id == experiment_id)
    return session.execute(removed.returning(_KEYS.c.id)).first() is not None


def revoke(session: Session, key_id: str, now: datetime) -> None:
    """Revoke a key; a key revoked before keeps the time of its revocation."""
    statement = sa.update(_KEYS).where(_KEYS.c.id == key_id, _KEYS.c.revoked_at.is_(None))
    session.execute(statement.values(revoked_at=now))


def confirm(session: Session, key_ids: Sequence[str] | None) -> Sequence[str]:
    """Confirm unconfirmed keys, these or all; return their ids."""
    statement = sa.update(_KEYS).where(_KEYS.c.confirmed.is_(False))
    if key_ids is not None:
        statement = statement.where(_KEYS.c.id.in_(key_ids))
    return session.scalars(statement.values(confirmed=True).returning(_KEYS.c.id)).all()


def count_unconfirmed(session: Session) -> int:
    """Return how many keys wait to be confirmed; revoked ones do not count."""
    statement = sa.select(sa.func.count()).select_from(_KEYS)
    return session.scalars(statement.where(_KEYS.c.confirmed.is_(False), _KEYS.c.revoked_at.is_(None))).one()


def has_key(session: Session, owner: str) -> bool:
    """Whether any key belongs to this owner."""
    return session.execute(sa.select(_KEYS.c.id).where(_KEYS.c.owner == owner).limit(1)).first() is not None


def find_group(session: Session, name: str) -> Row | None:
    """The group of this name."""
    return session.execute(sa.select(_GROUPS).where(_GROUPS.c.name == name)).first()


def find_groups(session: Session) -> Sequence[Row]:
    """All groups in alphabetical order."""
    return session.execute(sa.select(_GROUPS).order_by(_GROUPS.c.name)).all()


def find_group_owners(session: Session, name: str) -> Sequence[str]:
    """The owners of a group in alphabetical order."""
    statement = sa.select(_MEMBERS.c.owner).where(_MEMBERS.c.group_name == name)
    return session.scalars(statement.order_by(_MEMBERS.c.owner)).all()


def put_group(session: Session, name: str, limits: Mapping[str, int]) -> None:
    """Store the limits of a group, a new one or one that exists."""
    changed = sa.update(_GROUPS).where(_GROUPS.c.name == name).values(limits=dict(limits))
    if session.execute(changed.returning(_GROUPS.c.name)).first() is None:
        session.execute(sa.insert(_GROUPS).values(name=name, limits=dict(limits)))


def put_group_of(session: Session, owner: str, name: str | None) -> None:
    """Store the group of an owner; None for no group."""
    session.execute(sa.delete(_MEMBERS).where(_MEMBERS.c.owner == owner))
    if name is not None:
        session.execute(sa.insert(_MEMBERS).values(owner=owner, group_name=name))
