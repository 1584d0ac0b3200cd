"""What endpoints ask the framework for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from service.database import Database

__all__ = ["ExperimentId", "Reading", "Store", "Transaction"]


def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


def _transaction(request: Request) -> Iterator[Session]:
    with _database(request).transaction() as session:
        yield session


def _reading(request: Request) -> Iterator[Session]:
    with _database(request).reading() as session:
        yield session


ExperimentId = Annotated[str, Path(description="The `id` that creating or listing experiments gave.")]
"""An experiment's identifier in a path."""

Transaction = Annotated[Session, Depends(_transaction, scope="function")]
"""A session whose one transaction is committed before the response is sent."""

Reading = Annotated[Session, Depends(_reading, scope="function")]
"""A session that only reads and is closed before the response is sent."""

Store = Annotated[Database, Depends(_database)]
"""The database itself, for a response that reads on while it is sent: no client may hold a connection open."""
