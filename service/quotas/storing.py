"""What endpoints that store something have to know of what their caller's owner has stored."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from service.access.authentication import Writer
from service.quotas import service
from service.quotas.meter import Meter

__all__ = ["RoomToStore", "StoredBytes"]


async def _stored_bytes(request: Request, caller: Writer) -> int | None:
    if caller.limits.stored_bytes is None:
        return None
    return await cast("Meter", request.app.state.meter).stored_bytes(caller.owner)


StoredBytes = Annotated[int | None, Depends(_stored_bytes)]
"""How much the caller's owner has stored; None where nobody has to know."""


async def _room_to_store(caller: Writer, stored_bytes: StoredBytes) -> None:
    service.refuse_more_stored(caller.limits, stored_bytes)


RoomToStore = Depends(_room_to_store)
"""For ``dependencies`` of an endpoint: refuses callers who have stored as much as they may."""
