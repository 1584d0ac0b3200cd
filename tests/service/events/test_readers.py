"""What a reader costs, and what it outlasts."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.middleware.gzip import GZipMiddleware

from service.settings import Settings
from service.storage.database import migrate
from tests.postgresql import PostgresqlServer
from tests.service.events import happenings
from tests.service.events.conftest import LiveService
from tests.service.events.reader import WAIT_SECONDS, Reader

URL = "/v1/experiments"
Keep = Callable[[socket.socket], socket.socket]


@pytest.fixture
def closing_afterwards() -> Iterator[Keep]:
    """Close sockets when the test is over."""
    kept: list[socket.socket] = []

    def keep(each: socket.socket) -> socket.socket:
        kept.append(each)
        return each

    yield keep
    for each in kept:
        each.close()


def test_readers_that_take_nothing_hold_nothing(
    live: LiveService, open_reader: Callable[..., Reader], closing_afterwards: Keep
) -> None:
    long, waiting = happenings.create(live.database), happenings.create(live.database)
    happenings.flush(live.database, long, 1, 20_000)
    with live.database.reading() as session:
        pool: Any = session.get_bind().engine.pool
    before = live.tasks()
    deaf_ones = [closing_afterwards(deaf(live.port, long)) for _ in range(4)]
    readers = [open_reader(f"{URL}/{waiting}/events") for _ in range(10)]
    for reader in readers:
        reader.next(1)
    # Those that do not read get as much as fits in between, and then cost a task and a socket.
    wait_for(lambda: (pool.checkedout(), live.threads_in_use()) == (0, 0))
    assert live.readers() == 14
    happenings.begin(live.database, waiting)
    for reader in readers:
        assert reader.next(1)[0][2]["status"] == "running"
    own_threads = [thread for thread in threading.enumerate() if thread.name.startswith("events")]
    assert len(own_threads) <= 2
    for each in deaf_ones:
        each.close()
    for reader in readers:
        reader.close()
    wait_for(lambda: live.tasks() <= before)
    assert live.readers() == 0


def deaf(port: int, identifier: str) -> socket.socket:
    """A client that asks and then takes nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", port))
    reader.sendall(f"GET {URL}/{identifier}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once a condition has held; fail if it does not within a minute."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_compressing_layer_lets_events_through_at_once(fresh_sqlite_url: str, tmp_path: Path) -> None:
    live = LiveService(Settings(data_dir=tmp_path, database_url=fresh_sqlite_url), GZipMiddleware)
    identifier = happenings.create(live.database)
    reader = Reader(live.port, f"{URL}/{identifier}/events", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reader.answer.headers
    assert reader.next(1)[0][0] == "1"
    reader.close()
    live.stop()


def test_a_stream_outlasts_an_outage_of_the_database(
    private_postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    url = private_postgresql.url()
    migrate(url)
    live = LiveService(Settings(data_dir=tmp_path, database_url=url))
    identifier = happenings.create(live.database)
    reader = Reader(live.port, f"{URL}/{identifier}/events", {})
    events = reader.events()
    assert next(events)[0] == "1"
    private_postgresql.stop()
    with pytest.raises(OperationalError), live.database.reading() as session:
        session.connection()
    private_postgresql.start()
    happenings.begin(live.database, identifier)
    happenings.finish(live.database, identifier)
    assert [kind for _, kind, _ in events] == ["experiment.status", "experiment.finished"]
    reader.close()
    live.stop()
