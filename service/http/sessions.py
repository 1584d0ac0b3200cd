"""Sessions as endpoints declare them, and the path parameter that most of them share."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from service.http.declarations import UsedSession
from service.storage.database import Database

__all__ = ["ExperimentId", "QuickReading", "QuickTransaction", "Reading", "Store", "Transaction"]


async def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


ExperimentId = Annotated[str, Path(description="The `id` from creating or listing experiments.")]
"""An experiment's identifier in a path."""

Transaction = Annotated[Session, Depends(UsedSession(writes=True))]
"""A session whose single transaction is committed before the response is sent."""

QuickTransaction = Annotated[Session, Depends(UsedSession(writes=True, is_quick=True))]
"""The same for a few rows: in an SQLite file the event loop writes them, if no other writer holds the lock."""

Reading = Annotated[Session, Depends(UsedSession(writes=False))]
"""A read-only session, closed before the response is sent."""

QuickReading = Annotated[Session, Depends(UsedSession(writes=False, is_quick=True))]
"""The same for a few rows that an index leads to: from an SQLite file the event loop reads them."""

Store = Annotated[Database, Depends(_database)]
"""The database itself, for a response that reads while it is sent: a client must not hold a connection."""
