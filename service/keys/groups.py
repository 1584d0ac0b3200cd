"""Groups of owners, such as a class, whose limits are set in one place.

A group's limits stand in for the settings', and a key's own limits for both. They apply to each owner of the group, not
to all of them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import did_you_mean
from service.errors import NotFound
from service.keys import repository

__all__ = ["Group", "add_owner", "change_limits", "read_group", "read_groups", "remove_owner"]


@dataclass(frozen=True, slots=True)
class Group:
    """A group, its limits and its owners in alphabetical order."""

    name: str
    limits: Mapping[str, int]
    owners: Sequence[str]


def change_limits(session: Session, name: str, changes: Mapping[str, int | None]) -> None:
    """Set limits of a group, which exists from then on; None removes one."""
    row = repository.find_group(session, name)
    limits: dict[str, Any] = {**({} if row is None else row.limits), **changes}
    repository.put_group(session, name, {each: limit for each, limit in limits.items() if limit is not None})


def add_owner(session: Session, name: str, owner: str) -> None:
    """Move an owner into a group; raises NotFound for either."""
    read_group(session, name)
    if not repository.has_key(session, owner):
        raise NotFound(f"There is no API key of owner {owner}.")
    repository.put_group_of(session, owner, name)


def remove_owner(session: Session, name: str, owner: str) -> None:
    """Take an owner out of a group; raises NotFound if the group has no such owner."""
    if owner not in read_group(session, name).owners:
        raise NotFound(f"Group {name} has no owner {owner}.")
    repository.put_group_of(session, owner, None)


def read_group(session: Session, name: str) -> Group:
    """One group; raises NotFound."""
    row = repository.find_group(session, name)
    if row is None:
        hint = did_you_mean(name, [each.name for each in repository.find_groups(session)])
        raise NotFound(
            f"There is no group {name}.{hint} Create it with its limits: "
            f"trainyard keys limits --group {name} queued=100."
        )
    return Group(row.name, row.limits, repository.find_group_owners(session, name))


def read_groups(session: Session) -> Sequence[Group]:
    """All groups in alphabetical order."""
    return [read_group(session, row.name) for row in repository.find_groups(session)]
