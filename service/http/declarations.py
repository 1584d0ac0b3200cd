"""Declarations of an endpoint by its dependencies: the scope its callers need, and its session.

The declarations are data. The route reads them before it calls the endpoint, and the OpenAPI document shows them.
"""
# No `from __future__ import annotations`: the framework cannot evaluate deferred annotations of callable instances.

from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request
from fastapi.dependencies.models import Dependant

from service.http.opening import Opening
from service.storage.database import Database

__all__ = ["SCOPE_FIELD", "RequiredScope", "UsedSession", "repeats_take_effect", "required_scope"]

SCOPE_FIELD = "x-required-scope"
"""Name of the operation field that holds the scope a caller must have."""


@dataclass(frozen=True, slots=True)
class RequiredScope:
    """The caller, who must have this scope; the route has admitted them before the endpoint is called."""

    scope: str

    async def __call__(self, request: Request) -> Any:
        """Return the caller."""
        return request.state.caller


@dataclass(frozen=True, slots=True)
class UsedSession:
    """A session for the endpoint.

    ``writes`` says that it is one transaction, committed before the response is sent. ``is_quick`` promises that a few
    rows are touched: on SQLite the event loop does that itself, if no other writer holds the lock.
    """

    writes: bool
    is_quick: bool = False

    async def __call__(self, request: Request) -> Opening:
        """Return the session, still to be opened."""
        database = cast("Database", request.app.state.database)
        at_once = self.is_quick and database.is_sqlite
        if self.writes:
            if not at_once:
                return Opening(database.transaction)
            return Opening(database.transaction, database.transaction_at_once, turn=request.app.state.turn)
        return Opening(database.reading, database.reading_at_once if at_once else None)


def required_scope(endpoint: Dependant) -> str | None:
    """Return the scope that callers of an endpoint must have; None if no key is needed."""
    declared = (each.call for each in endpoint.dependencies)
    return next((each.scope for each in declared if isinstance(each, RequiredScope)), None)


def repeats_take_effect(endpoint: Dependant) -> bool:
    """Whether an endpoint writes every time it is called, so that it cannot honor an Idempotency-Key."""
    declared = (each.call for each in endpoint.dependencies)
    return any(isinstance(each, UsedSession) and each.writes for each in declared)
