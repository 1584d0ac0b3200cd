"""Wake the readers of events: one query for all of them, and none without waiting readers.

A reader that waits is an entry in a set. It holds no thread and no connection, and one whose client does not take
what was sent to it does not even wait here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from service.experiments.history.repository import last_events
from service.storage.database import Database

__all__ = ["DATABASE_AWAY", "Tail"]

POLL_SECONDS = 0.1
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)

# One for the waking query, which must not wait for readers, and one for the readers.
_THREADS = 2

Answer = TypeVar("Answer")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class _Waiter:
    """A reader that has seen everything up to these numbers."""

    positions: Mapping[str, int]
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Tail:
    """The end of every experiment's events, for the readers in this process; used from one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="events")
        self._waiters: set[_Waiter] = set()
        self._readers = 0
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether readers are to end."""
        return self._closed

    @property
    def readers(self) -> int:
        """How many streams are open, whether they wait for news, read or send."""
        return self._readers

    @contextlib.contextmanager
    def reader(self) -> Iterator[None]:
        """Count a stream that is open until the block ends."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    def close(self) -> None:
        """Stop every reader: waiting ones are woken."""
        self._closed = True
        for waiter in self._waiters:
            waiter.woken.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait for reads that have begun, which hold connections; call it once closed."""
        self._threads.shutdown(wait=True)

    async def read(self, work: Callable[[Session], Answer]) -> Answer:
        """Do the work in a thread, with a session that lasts no longer than it."""

        def in_session() -> Answer:
            with self._database.reading() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, in_session)

    async def wait(self, positions: Mapping[str, int], seconds: float) -> bool:
        """Wait until one of the experiments has an event after its number, or is gone; False if that took too long.

        Returns at once when the tail is closed.
        """
        waiter = _Waiter(positions)
        if self._closed:
            return True
        self._waiters.add(waiter)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                await waiter.woken.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    async def _poll(self) -> None:
        """Poll, while there are waiting readers, for experiments with new events."""
        while self._waiters and not self._closed:
            followed = sorted({each for waiter in self._waiters for each in waiter.positions})
            try:
                newest = await self.read(partial(last_events, identifiers=followed))
            except DATABASE_AWAY as error:
                _logger.warning("events cannot be read: %s", str(error).partition("\n")[0])
            else:
                self._wake(frozenset(followed), newest)
            await asyncio.sleep(POLL_SECONDS)

    def _wake(self, looked_for: frozenset[str], newest: Mapping[str, int]) -> None:
        for waiter in self._waiters:
            gone_on = (
                newest.get(each, position + 1) > position
                for each, position in waiter.positions.items()
                if each in looked_for
            )
            if any(gone_on):
                waiter.woken.set()
