"""What endpoints that store something have to know of what their caller's owner has stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, Request

from service.access.authentication import Writer
from service.quotas import service
from service.quotas.meter import Meter

__all__ = ["RoomToStore", "StoredBytes"]


_LONGEST_FRAME = 2**16


async def _stored_bytes(request: Request, caller: Writer) -> int | None:
    if caller.limits.stored_bytes is None:
        return None
    return await cast("Meter", request.app.state.meter).stored_bytes(caller.owner)


StoredBytes = Annotated[int | None, Depends(_stored_bytes)]
"""How much the caller's owner has stored; None where nobody has to know."""


async def _room_to_store(
    request: Request, caller: Writer, stored_bytes: StoredBytes
) -> Callable[[int], None]:
    def check(size: int) -> None:
        service.refuse_more_stored(caller.limits, stored_bytes, max(1, size))

    length = request.headers.get("content-length", "")
    # A form is longer than its file.
    check(int(length) - _LONGEST_FRAME if length.isdecimal() else 1)
    return check


RoomToStore = Annotated[Callable[[int], None], Depends(_room_to_store)]
"""Refuses callers who would store more than they may with what they announce; call it with the size of what came."""
