"""What endpoints ask the framework for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from service.events.tail import Tail
from service.idempotency.service import Once
from service.storage.database import Database

__all__ = [
    "TRANSACTIONS",
    "EventTail",
    "ExperimentId",
    "Open",
    "Opening",
    "QuickReading",
    "QuickTransaction",
    "Reading",
    "Store",
    "Transaction",
    "quick_transaction",
]

Open = Callable[[], AbstractContextManager[Session]]
"""Opens a session for the length of a block."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that is still to be opened: in the endpoint's own thread, by the route, which also ends it.

    ``at_once`` opens it where no thread is worth its while, and raises Busy where it would have to wait. ``once`` is
    set where its client wants the request to take effect once, however often it is sent.
    """

    open: Open
    at_once: Open | None = None
    once: Once | None = None


async def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


async def _transaction(request: Request) -> Opening:
    return Opening((await _database(request)).transaction)


async def quick_transaction(request: Request) -> Opening:
    """A transaction of a few rows."""
    database = await _database(request)
    return Opening(database.transaction, database.transaction_at_once if database.is_sqlite else None)


async def _reading(request: Request) -> Opening:
    return Opening((await _database(request)).reading)


async def _quick_reading(request: Request) -> Opening:
    database = await _database(request)
    return Opening(database.reading, database.reading if database.is_sqlite else None)


async def _tail(request: Request) -> Tail:
    return cast("Tail", request.app.state.tail)


TRANSACTIONS = (_transaction, quick_transaction)
"""Dependencies that open a transaction which takes effect on every call."""

EventTail = Annotated[Tail, Depends(_tail)]
"""The signal that wakes the readers of events."""

ExperimentId = Annotated[str, Path(description="The `id` from creating or listing experiments.")]
"""An experiment's identifier in a path."""

Transaction = Annotated[Session, Depends(_transaction)]
"""A session whose single transaction is committed before the response is sent."""

QuickTransaction = Annotated[Session, Depends(quick_transaction)]
"""Same, for few rows: on SQLite they are written in the event loop if no other writer is active."""

Reading = Annotated[Session, Depends(_reading)]
"""A read-only session, closed before the response is sent."""

QuickReading = Annotated[Session, Depends(_quick_reading)]
"""Same, for few rows found by an index: on SQLite they are read in the event loop."""

Store = Annotated[Database, Depends(_database)]
"""The database itself, for a response that reads while it is sent: a client must not hold a connection."""
