"""Problem documents for database failures: unavailable, not migrated, or a full disk."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from sqlalchemy import exc

from service.errors import NoRoom
from service.http.problems import ProblemResponse, problem_response
from service.storage.database import Database, is_full
from service.storage.disk_space import release, room_of

__all__ = ["register"]

_RETRY_AFTER_SECONDS = 2
_RETRY_WHEN_FULL_SECONDS = 60
_PAGE_BYTES = 32 * 1024
"""Size of SQLite's shared memory file."""

_UNDEFINED_TABLE = "42P01"

_logger = logging.getLogger(__name__)


def register(app: FastAPI) -> None:
    """Answer what the database raises with a problem document."""
    for kind in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.add_exception_handler(kind, _away_or_full)  # type: ignore[arg-type]  # Starlette wants Exception itself
    app.add_exception_handler(NoRoom, _no_room)  # type: ignore[arg-type]  # see above
    app.add_exception_handler(exc.ProgrammingError, _wrong_statement)  # type: ignore[arg-type]  # see above


async def _wrong_statement(request: Request, error: exc.ProgrammingError) -> ProblemResponse:
    """PostgreSQL's way to say that a table is missing; SQLite calls it an operational error."""
    if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
        raise error
    return await _away_or_full(request, error)


async def _no_room(request: Request, error: NoRoom) -> ProblemResponse:
    detail = f"{error} Free some disk space and try again."
    return problem_response(request, 507, detail, headers={"Retry-After": str(_RETRY_WHEN_FULL_SECONDS)})


async def _away_or_full(request: Request, error: exc.SQLAlchemyError) -> ProblemResponse:
    reason = str(getattr(error, "orig", error)).partition("\n")[0]
    database: Database = request.app.state.database
    room = room_of(database)
    # SQLite cannot be opened on a disk without a free page, and says something else then.
    if is_full(error) or (room is not None and room.free < _PAGE_BYTES):
        _logger.error("request %s: the database's disk is full: %s", request.state.request_id, reason)
        detail = (
            "The database's disk is full, so nothing new can be stored. Stored data is intact, and "
            "running experiments wait for space. Free some disk space and try again."
        )
        wait = _RETRY_WHEN_FULL_SECONDS
        if request.method == "DELETE" and release(database):
            wait = _RETRY_AFTER_SECONDS
        return problem_response(request, 507, detail, headers={"Retry-After": str(wait)})
    _logger.warning("request %s: the database is unavailable: %s", request.state.request_id, reason)
    detail = "The database is unavailable or not migrated yet. Try again in a moment."
    return problem_response(request, 503, detail, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)})
