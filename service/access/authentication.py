"""Callers as endpoints declare them. The route has admitted them before it calls the endpoint."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from service.access.caller import Caller
from service.access.gate import Gate
from service.http.declarations import RequiredScope

__all__ = ["Administrator", "KeyGate", "Reader", "Writer"]


async def _gate(request: Request) -> Gate:
    return cast("Gate", request.app.state.gate)


Reader = Annotated[Caller, Depends(RequiredScope("read"))]
"""A caller who may read their owner's resources."""

Writer = Annotated[Caller, Depends(RequiredScope("write"))]
"""A caller who may create and change their owner's resources."""

Administrator = Annotated[Caller, Depends(RequiredScope("admin"))]
"""A caller who may create and revoke API keys."""

KeyGate = Annotated[Gate, Depends(_gate)]
"""The security scheme that checks API keys."""
