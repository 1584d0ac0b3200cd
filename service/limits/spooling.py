"""Storage quota of an upload while it arrives, before a row reserves it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from service.access.authentication import Writer
from service.access.caller import Caller
from service.errors import TooMany
from service.limits import service
from service.storage.database import Database

__all__ = ["Room", "RoomToStore", "Spools"]

_LONGEST_FRAME = 2**16
_RETRY_SECONDS = 60


class Spools:
    """Bytes of the uploads that arrive at this process now, by owner. Used from one event loop."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def add(self, owner: str, size: int) -> int:
        """Count more (or fewer) bytes of an owner, and return their sum."""
        held = self._held.pop(owner, 0) + size
        if held:
            self._held[owner] = held
        return held


class Room:
    """Bytes available to one upload: what its owner has left beside their other uploads in progress."""

    def __init__(self, spools: Spools, caller: Caller, left: int | None) -> None:
        self._spools, self._owner, self._left = spools, caller.owner, left
        self._most = caller.limits.stored_bytes
        self._taken = 0

    def take(self, size: int) -> None:
        """Reserve this many bytes in all; raises TooMany."""
        if self._left is None or size <= self._taken:
            return
        held = self._spools.add(self._owner, size - self._taken)
        self._taken = size
        if held > self._left:
            raise TooMany(
                f"Your storage limit is {self._most:,} bytes, of which {self._left:,} are free, and your "
                f"uploads in progress have at least {held:,}. Send a smaller file, delete stored data, or "
                "wait for the other uploads.",
                _RETRY_SECONDS,
            )

    async def counted(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The pieces of a body, as long as there is room for them; raises TooMany."""
        received = 0
        async with aclosing(stream):
            async for piece in stream:
                received += len(piece)
                # A form is longer than its file.
                self.take(received - _LONGEST_FRAME)
                yield piece

    def close(self) -> None:
        """Give the room back: the upload's row reserves it now, or it failed."""
        if self._taken:
            self._spools.add(self._owner, -self._taken)
            self._taken = 0


async def _room_to_store(request: Request, caller: Writer) -> AsyncIterator[Room]:
    left = None
    if caller.limits.stored_bytes is not None:
        left = await run_in_threadpool(_left, request.app.state.database, caller)
    room = Room(cast("Spools", request.app.state.spools), caller, left)
    length = request.headers.get("content-length", "")
    try:
        room.take(max(1, int(length) - _LONGEST_FRAME) if length.isdecimal() else 1)
        yield room
    finally:
        room.close()


def _left(database: Database, caller: Caller) -> int | None:
    with database.reading() as session:
        return service.room_left(session, caller.owner, caller.limits)


RoomToStore = Annotated[Room, Depends(_room_to_store)]
"""Refuses callers whose declared body exceeds their storage limit, and counts bytes beyond it."""
