"""What endpoints ask the framework for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from service.database import Database
from service.events.tail import Tail
from service.settings import Settings

__all__ = ["EventTail", "ExperimentId", "MostQueued", "Opening", "Reading", "Store", "Transaction"]


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that is still to be opened: in the endpoint's own thread, by the route, which also ends it."""

    open: Callable[[], AbstractContextManager[Session]]


async def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


async def _transaction(request: Request) -> Opening:
    return Opening((await _database(request)).transaction)


async def _reading(request: Request) -> Opening:
    return Opening((await _database(request)).reading)


async def _most_queued(request: Request) -> int | None:
    return cast("Settings", request.app.state.settings).max_queued_per_owner


async def _tail(request: Request) -> Tail:
    return cast("Tail", request.app.state.tail)


EventTail = Annotated[Tail, Depends(_tail)]
"""What wakes the readers of events."""

ExperimentId = Annotated[str, Path(description="The `id` that creating or listing experiments gave.")]
"""An experiment's identifier in a path."""

Transaction = Annotated[Session, Depends(_transaction)]
"""A session whose one transaction is committed before the response is sent."""

Reading = Annotated[Session, Depends(_reading)]
"""A session that only reads and is closed before the response is sent."""

Store = Annotated[Database, Depends(_database)]
"""The database itself, for a response that reads on while it is sent: no client may hold a connection open."""

MostQueued = Annotated[int | None, Depends(_most_queued)]
"""How many experiments one owner may have waiting; None is any number."""
