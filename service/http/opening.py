"""A session that is still to be opened, by the thread that runs the endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

__all__ = ["Once", "Open", "Opening", "StoredAnswer"]

Open = Callable[[], AbstractContextManager[Session]]
"""Opens a session for the length of a block."""


class StoredAnswer(Protocol):
    """What was answered to a request before."""

    @property
    def status(self) -> int:
        """The status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that the endpoint set."""
        ...

    @property
    def content(self) -> bytes:
        """The bytes of the document."""
        ...


class Once(Protocol):
    """A request that is to take effect once, however often it is sent."""

    def claim(self, session: Session) -> StoredAnswer | None:
        """Return the answer that the request got before; None if it is the first of its key."""
        ...

    def keep(self, session: Session, status: int, headers: Mapping[str, str], content: bytes) -> None:
        """Store the answer, in the endpoint's own transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that the route opens and ends, in the endpoint's own thread.

    ``at_once`` opens it where no thread is worth its while, and raises Busy if it would have to wait. With
    ``turn`` it is opened at once only in its turn. Between two turns the event loop serves everything else that has
    come, so that a storm of writers keeps no reader waiting.
    """

    open: Open
    at_once: Open | None = None
    once: Once | None = None
    turn: asyncio.Lock | None = None
