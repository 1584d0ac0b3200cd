"""Endpoints about the service itself."""

from __future__ import annotations

import platform
from typing import Any

from fastapi import APIRouter, Request

from service.health import readiness
from service.health.schemas import Alive, Ready, Version
from service.http.problems import Refusal, WrongPlace
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import Reading

__all__ = ["router"]

router = APIRouter(tags=["Service"], route_class=StrictRoute)


@router.get(
    "/livez",
    operation_id="getLiveness",
    summary="Check liveness",
    response_model=Alive,
    response_description="The process is alive.",
    responses=problems(),
)
async def get_liveness() -> Any:
    """Does not use the database or any other process."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Check readiness",
    response_model=Ready,
    response_description="The database is migrated, an engine is running, and a worker is available.",
    responses=problems(503),
)
def get_readiness(request: Request, session: Reading) -> Any:
    """Ready means that a new experiment would be stored and trained."""
    state = request.app.state
    missing = list(readiness.missing(session, state.engine_watch, state.database))
    if missing:
        errors = [WrongPlace(code=code, message=message) for code, message in missing]
        raise Refusal(503, missing[0][1], errors, {"Retry-After": "1"})
    return {"status": "ready"}


@router.get(
    "/v1/version",
    operation_id="getVersion",
    summary="Get the version",
    response_model=Version,
    response_description="The versions of the service and of Python.",
    responses=problems(),
)
async def get_version(request: Request) -> Any:
    """Include it in bug reports."""
    return {"name": "trainyard", "version": request.app.version, "python": platform.python_version()}
