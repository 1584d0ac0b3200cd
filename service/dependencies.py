"""What endpoints ask the framework for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from service.database import Database

__all__ = ["ExperimentId", "Reading", "Snapshot", "Transaction"]


def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


def _transaction(request: Request) -> Iterator[Session]:
    with _database(request).transaction() as session:
        yield session


def _reading(request: Request) -> Iterator[Session]:
    with _database(request).reading() as session:
        yield session


def _snapshot(request: Request) -> Iterator[Session]:
    database = _database(request)
    with database.reading() as session:
        if not database.is_sqlite:
            # A reader of SQLite sees one state anyway.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


ExperimentId = Annotated[str, Path(description="The `id` that creating or listing experiments gave.")]
"""An experiment's identifier in a path."""

Transaction = Annotated[Session, Depends(_transaction, scope="function")]
"""A session whose one transaction is committed before the response is sent."""

Reading = Annotated[Session, Depends(_reading, scope="function")]
"""A session that only reads and is closed before the response is sent."""

Snapshot = Annotated[Session, Depends(_snapshot, scope="request")]
"""A session that only reads, stays open while the response is sent, and sees no change made meanwhile."""
