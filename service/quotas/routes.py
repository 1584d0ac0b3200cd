"""The endpoint of limits, and what creating an experiment has to know of what is stored."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request

from service.access.authentication import KeyGate, Reader, Writer
from service.access.caller import SCOPES
from service.dependencies import Reading
from service.openapi import problems
from service.quotas import service
from service.quotas.meter import Meter
from service.quotas.schemas import LimitsRead
from service.routing import StrictRoute

__all__ = ["StoredBytes", "router"]

router = APIRouter(prefix="/v1/limits", tags=["Keys"], route_class=StrictRoute)


async def _stored_bytes(request: Request, caller: Writer) -> int | None:
    if caller.limits.stored_bytes is None:
        return None
    return await cast("Meter", request.app.state.meter).stored_bytes(caller.owner)


StoredBytes = Annotated[int | None, Depends(_stored_bytes)]
"""How much the caller's owner has stored; None where nobody has to know."""


@router.get(
    "",
    operation_id="getLimits",
    summary="Who am I, and how much may I use",
    response_model=LimitsRead,
    response_description="Your limits, and how much of them is used.",
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
        "requests_per_minute": {"limit": limits.requests_per_minute, "left": gate.requests_left(caller)},
    }
