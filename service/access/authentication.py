"""What an endpoint asks of whoever calls it. The route has let them in by then, or has not called the endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from service.access.caller import Caller, Scope
from service.access.gate import Gate

__all__ = ["SCOPE_FIELD", "Administrator", "KeyGate", "Reader", "Writer", "scope_needed"]

SCOPE_FIELD = "x-required-scope"
"""Name of the operation field that holds the scope a caller must have."""


async def _reader(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


async def _writer(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


async def _administrator(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


async def _gate(request: Request) -> Gate:
    return cast("Gate", request.app.state.gate)


_SCOPES: Mapping[Any, Scope] = MappingProxyType({_reader: "read", _writer: "write", _administrator: "admin"})

Reader = Annotated[Caller, Depends(_reader)]
"""A caller who may read their owner's resources."""

Writer = Annotated[Caller, Depends(_writer)]
"""A caller who may create and change their owner's resources."""

Administrator = Annotated[Caller, Depends(_administrator)]
"""A caller who may create and revoke API keys."""

KeyGate = Annotated[Gate, Depends(_gate)]
"""The security scheme that checks API keys."""


def scope_needed(endpoint: Dependant) -> Scope | None:
    """What a caller of this endpoint must be allowed to do; None where anybody may call it."""
    return next((_SCOPES[each.call] for each in endpoint.dependencies if each.call in _SCOPES), None)
