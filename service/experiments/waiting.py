"""Dependency that explains why an experiment waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from service.experiments.queue.outlook import Outlook
from service.experiments.service import Placed
from service.http.pagination import Page

__all__ = ["Waits"]


class _Waits:
    """Adds the reason to experiments that are queued."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook

    def explain(self, session: Session, placed: Placed) -> Placed:
        """The experiment with the reason why it waits, if it does."""
        if placed.row.status != "queued":
            return placed
        return replace(placed, why=self._outlook.why(session, placed.row.owner))

    def explain_each(self, session: Session, page: Page[Placed]) -> Page[Placed]:
        """A page of such experiments."""
        return replace(page, items=[self.explain(session, placed) for placed in page.items])


async def _waits(request: Request) -> _Waits:
    return _Waits(cast("Outlook", request.app.state.outlook))


Waits = Annotated[_Waits, Depends(_waits)]
"""Explains why experiments wait."""
