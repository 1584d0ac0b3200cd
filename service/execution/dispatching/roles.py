"""Roles held by one engine at a time: the holder counts up, and another may take over when that stops."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.execution.dispatching.leases import LeaseWatch
from service.execution.models import RoleRow

__all__ = ["DISPATCHER", "Role"]

DISPATCHER = "dispatcher"


class Role:
    """A role that ``holder`` wants to have; it is a courtesy, correctness never rests on it."""

    def __init__(self, name: str, holder: str, lease_seconds: float = 10.0) -> None:
        self._name = name
        self._holder = holder
        self._watch: LeaseWatch[str] = LeaseWatch(lease_seconds)

    def hold(self, session: Session, now: float) -> bool:
        """Take or keep the role where possible, at the monotonic time ``now``; whether it is ours."""
        row = session.get(RoleRow, self._name)
        if row is None:
            return self._create(session)
        expired = self._watch.observe(now, {row.holder: row.counter})
        if row.holder != self._holder and row.holder not in expired:
            return False
        found = (RoleRow.name == self._name, RoleRow.holder == row.holder, RoleRow.counter == row.counter)
        taken = sa.update(RoleRow).where(*found).values(holder=self._holder, counter=row.counter + 1)
        return cast("sa.CursorResult[Any]", session.execute(taken)).rowcount == 1

    def give_up(self, session: Session) -> None:
        """Give up the role for the next engine."""
        ours = (RoleRow.name == self._name, RoleRow.holder == self._holder)
        session.execute(sa.delete(RoleRow).where(*ours))

    def _create(self, session: Session) -> bool:
        try:
            with session.begin_nested():
                session.add(RoleRow(name=self._name, holder=self._holder, counter=0))
        except IntegrityError:
            return False
        return True
