"""A service on a real port, in this process, so that a test can look into it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import current_default_thread_limiter

from service.app import create_app
from service.http.listening import listen
from service.http.server import ApiServer
from service.settings import Settings
from service.storage.database import Database
from tests.service.events.reader import Reader


class LiveService:
    """An API server in a thread of its own."""

    def __init__(self, settings: Settings, *layers: Any) -> None:
        self._server = ApiServer(create_app(settings), settings)
        for layer in layers:
            self._server.app.add_middleware(layer)
        self.database: Database = self._server.app.state.database
        self._sockets = listen("127.0.0.1", 0)
        self.port: int = self._sockets[0].getsockname()[1]
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._started.wait()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started.set()
        await self._server.serve(self._sockets)

    def tasks(self) -> int:
        """How many tasks the server has."""
        return len(asyncio.all_tasks(self._loop))

    def readers(self) -> int:
        """How many streams are open."""
        readers: int = self._server.app.state.tail.readers
        return readers

    def threads_in_use(self) -> int:
        """How many of the threads that answer requests are at work."""

        async def borrowed() -> int:
            return current_default_thread_limiter().borrowed_tokens

        return asyncio.run_coroutine_threadsafe(borrowed(), self._loop).result()

    def stop(self) -> None:
        """Stop as a signal does, and wait for the end."""
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture(params=["sqlite", "postgresql"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveService]:
    """A live service on an empty database; its tests run on SQLite and on PostgreSQL."""
    url = request.getfixturevalue(f"fresh_{request.param}_url")
    service = LiveService(Settings(data_dir=tmp_path, database_url=url))
    yield service
    service.stop()


@pytest.fixture
def open_reader(live: LiveService) -> Iterator[Callable[..., Reader]]:
    """Open streams of events."""
    readers: list[Reader] = []

    def open_one(path: str, **headers: str) -> Reader:
        readers.append(Reader(live.port, path, headers))
        return readers[-1]

    yield open_one
    for reader in readers:
        reader.close()
