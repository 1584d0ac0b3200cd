"""The endpoint of limits."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from service.access.authentication import KeyGate, Reader
from service.access.caller import SCOPES
from service.http.responses import problems
from service.http.route import StrictRoute
from service.http.sessions import Reading
from service.limits import service
from service.limits.schemas import LimitsRead

__all__ = ["router"]

router = APIRouter(prefix="/v1/limits", tags=["Keys"], route_class=StrictRoute)


@router.get(
    "",
    operation_id="getLimits",
    summary="Get your identity, limits and usage",
    response_model=LimitsRead,
    response_description="Your limits and how much of each is in use.",
    responses=problems(),
)
def get_limits(request: Request, caller: Reader, gate: KeyGate, session: Reading) -> Any:
    """Limits come from the service's settings, or from the key where it has its own."""
    used, limits = service.usage(session, caller.owner), caller.limits
    return {
        "object": "limits",
        "owner": caller.owner,
        "scopes": [scope for scope in SCOPES if scope in caller.scopes],
        "queued": {"limit": limits.queued, "used": used.queued},
        "running": {"limit": request.app.state.settings.max_running_per_owner, "used": used.running},
        "stored_bytes": {"limit": limits.stored_bytes, "used": used.stored_bytes},
        "parameter_epochs": limits.parameter_epochs,
        "time_limit_seconds": limits.time_limit_seconds,
        "estimated_seconds": limits.estimated_seconds,
        "memory_bytes": limits.memory_bytes,
        "requests_per_minute": {"limit": limits.requests_per_minute, "left": gate.requests_left(caller)},
    }
