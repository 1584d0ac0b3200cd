"""How long a connection lives, what it may still send after its answer, and how many there may be."""

from __future__ import annotations

import contextlib
import heapq
import ipaddress
import re
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.access.pepper import read_pepper
from service.http import protocol, server
from service.http.connections import ConnectionPool, network_of, raise_descriptor_limit
from service.keys import service as access
from service.keys.submission import read_new_key
from service.settings import Settings
from tests.service.events.conftest import LiveService
from tests.service.http.answers import problem_in, read_all, statuses

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST
LAST = GET + b"Connection: close\r\n\r\n"
EARLY = b"POST /v1/experiments/exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/cancel HTTP/1.1\r\n" + HOST
"""The head of a request that is answered from its head alone, with 404."""

Connect = Callable[[], socket.socket]


@pytest.fixture
def settings(fresh_sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=fresh_sqlite_url)


@pytest.fixture
def live(settings: Settings) -> Iterator[LiveService]:
    """A live service on an empty SQLite file."""
    service = LiveService(settings)
    yield service
    service.stop()


@pytest.fixture
def connect(live: LiveService) -> Iterator[Connect]:
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection(("127.0.0.1", live.port), timeout=20))


def answer(connection: socket.socket, request: bytes) -> bytes:
    """Send something and return one answer of known length."""
    connection.sendall(request)
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if end and length is not None and len(body) >= int(length[1]):
            return received
        piece = connection.recv(65536)
        assert piece, received
        received += piece


@pytest.mark.parametrize("size", [2, protocol.SMALL_REST_BYTES])
def test_a_small_rest_of_a_body_is_dropped_and_the_connection_goes_on(connect: Connect, size: int) -> None:
    connection = connect()
    early = answer(connection, EARLY + b"Content-Length: %d\r\n\r\n" % size)
    assert statuses(early) == [404]
    assert b"connection: close" not in early
    # The rest comes in pieces, the last one together with the next requests.
    connection.sendall(b"{")
    connection.sendall(b"}" * (size - 1) + EARLY + b"Content-Length: 2\r\n\r\n")
    assert statuses(answer(connection, b"")) == [404]
    assert statuses(answer(connection, b"{}" + GET + b"\r\n")) == [200]
    assert statuses(answer(connection, GET + b"\r\n")) == [200]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: %d\r\n" % (protocol.SMALL_REST_BYTES + 1),
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nExpect: 100-continue\r\n",
        b"Content-Length: 2\r\nConnection: close\r\n",
    ],
    ids=["large", "of unknown length", "waiting for 100", "the last one"],
)
def test_an_early_answer_says_where_the_connection_cannot_go_on(connect: Connect, header: bytes) -> None:
    connection = connect()
    received = answer(connection, EARLY + header + b"\r\n")
    assert statuses(received) == [404]
    assert received.count(b"connection: close") == 1
    connection.sendall(GET + b"\r\n")
    assert read_all(connection) == b""


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_the_rest_of_a_body_takes_no_last_answer_along(connect: Connect, version: bytes) -> None:
    connection = connect()
    head = EARLY.replace(b"1.1", version) + b"Expect: 100-continue\r\nConnection: close\r\n"
    connection.sendall(head + b"Content-Length: 200000\r\n\r\n")
    connection.recv(1, socket.MSG_PEEK)
    for _ in range(20):
        connection.sendall(bytes(10_000))
    assert statuses(read_all(connection)) == [404]


def test_a_rest_that_does_not_come_gets_no_second_answer(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.05)
    connection = connect()
    connection.sendall(EARLY + b"Content-Length: 2\r\n\r\n{")
    assert statuses(read_all(connection)) == [404]


def test_an_idle_connection_ends_whatever_came_last(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 0.2)
    service = LiveService(settings)
    try:
        for after in (b"", b"\r\n"):
            with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
                answer(connection, EARLY + b"Content-Length: 2\r\n\r\n")
                connection.sendall(b"{}" + after)
                assert read_all(connection) == b""
    finally:
        service.stop()


def test_without_a_valid_key_a_connection_is_not_idle_for_long(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.KEYLESS_IDLE_SECONDS == 15
    monkeypatch.setattr(server, "KEYLESS_IDLE_SECONDS", 0.05)
    settings = settings.model_copy(update={"auth": "on"})
    service = LiveService(settings)
    try:
        with service.database.transaction() as session:
            key = access.create(session, read_pepper(settings), read_new_key({"owner": "ann"})).token
        head = b"GET /v1/experiments HTTP/1.1\r\n" + HOST
        with_key = head + f"Authorization: Bearer {key}\r\n\r\n".encode()
        address = ("127.0.0.1", service.port)
        with socket.create_connection(address, timeout=10) as ann:
            assert statuses(answer(ann, with_key)) == [200]
            for request, status in (
                (head + b"\r\n", 401),
                (GET + b"\r\n", 200),
                (with_key[:-5] + b"\r\n\r\n", 401),
            ):
                with socket.create_connection(address, timeout=10) as other:
                    other.sendall(request)
                    assert statuses(read_all(other)) == [status]
            assert statuses(answer(ann, GET + b"\r\n")) == [200]
    finally:
        service.stop()


def test_a_class_behind_one_address(connect: Connect) -> None:
    connections = [connect() for _ in range(60)]
    for _ in range(2):
        assert [statuses(answer(each, GET + b"\r\n")) for each in connections] == [[200]] * 60


@pytest.fixture
def few(settings: Settings) -> Iterator[LiveService]:
    """A live service that takes three connections of an address."""
    service = LiveService(settings.model_copy(update={"max_connections_per_address": 3}))
    yield service
    service.stop()


def test_an_address_with_too_many_connections_loses_the_idlest(few: LiveService) -> None:
    with contextlib.ExitStack() as opened:
        first, second, third = (
            opened.enter_context(socket.create_connection(("127.0.0.1", few.port), timeout=10))
            for _ in range(3)
        )
        for each in (second, third, first):
            answer(each, GET + b"\r\n")
        fourth = opened.enter_context(socket.create_connection(("127.0.0.1", few.port), timeout=10))
        assert statuses(answer(fourth, GET + b"\r\n")) == [200]
        assert read_all(second) == b""
        for each in (first, third, fourth):
            assert statuses(answer(each, GET + b"\r\n")) == [200]


def test_a_trusted_proxy_may_have_any_number(settings: Settings) -> None:
    trusted = {"trusted_proxies": (ipaddress.ip_network("127.0.0.0/8"),), "max_connections_per_address": 2}
    service = LiveService(settings.model_copy(update=trusted))
    try:
        with contextlib.ExitStack() as opened:
            connections = [
                opened.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=10))
                for _ in range(5)
            ]
            for each in connections + connections:
                assert statuses(answer(each, GET + b"\r\n")) == [200]
    finally:
        service.stop()


def test_an_address_whose_connections_are_all_busy_gets_no_more(few: LiveService) -> None:
    post = b"POST /v1/experiments HTTP/1.1\r\nContent-Type: application/json\r\n" + HOST
    with contextlib.ExitStack() as opened:
        busy = [
            opened.enter_context(socket.create_connection(("127.0.0.1", few.port), timeout=10))
            for _ in range(3)
        ]
        for each in busy:
            each.sendall(post + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            assert each.recv(65536).startswith(b"HTTP/1.1 100 ")
        other = opened.enter_context(socket.create_connection(("127.0.0.1", few.port), timeout=10))
        other.sendall(GET + b"\r\n")
        received = read_all(other)
        assert "TRAINYARD_MAX_CONNECTIONS_PER_ADDRESS" in problem_in(received, 429)["detail"]
        assert b"retry-after: 5" in received
        busy[0].sendall(b"{}")
        assert statuses(busy[0].recv(65536)) == [422]
        again = opened.enter_context(socket.create_connection(("127.0.0.1", few.port), timeout=10))
        again.sendall(LAST)
        assert statuses(read_all(again)) == [200]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    """Let this process have no more than some 200 files open beside those that it has now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = len(list(Path("/proc/self/fd").iterdir())) + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    yield limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_with_few_descriptors_left_the_idlest_connection_ends(few_descriptors: int, connect: Connect) -> None:
    spare = few_descriptors // 4
    with capture_logs() as logs:
        connections: list[socket.socket] = []
        # Both ends of a connection are open in this process.
        while len(connections) < 110:
            connections.append(connect())
            assert statuses(answer(connections[-1], GET + b"\r\n")) == [200]
    assert read_all(connections[0]) == b""
    assert statuses(answer(connections[-2], GET + b"\r\n")) == [200]
    [line] = [each for each in logs if each["event"].startswith("closed the longest idle connection")]
    assert line["log_level"] == "warning"
    assert line["left"] <= spare


class Client:
    """A connection as the pool sees it, and the descriptors of its process."""

    network = "10.0.0.1"
    idle_since: float | None = None

    def __init__(self, pool: ConnectionPool, free: list[int], ending: list[Client]) -> None:
        self._pool, self._free, self._ending = pool, free, ending
        self.descriptor = heapq.heappop(free)
        self.entry = pool.enter(self, self.descriptor)

    def end_idle(self) -> None:
        self._ending.append(self)

    def lost(self) -> None:
        self._pool.leave(self)
        heapq.heappush(self._free, self.descriptor)


def test_descriptors_never_run_out(few_descriptors: int) -> None:
    pool = ConnectionPool(10_000, 75.0, 15.0)
    free, ending = list(range(30, few_descriptors)), list[Client]()
    for number in range(2_000):
        assert Client(pool, free, ending).entry == "admitted"
        # Connections come in groups, before those that are closed are gone.
        while number % 10 == 0 and ending:
            ending.pop().lost()
    assert few_descriptors // 5 < len(free) <= few_descriptors // 3


def test_with_few_descriptors_left_and_none_idle(few_descriptors: int) -> None:
    pool = ConnectionPool(10_000, 75.0, 15.0)
    free, ending = list(range(30, few_descriptors)), list[Client]()
    entries = []
    while free:
        busy = Client(pool, free, ending)
        pool.work(busy)
        entries.append(busy.entry)
    counted = [entries.count(each) for each in ("admitted", "full", "cut_off")]
    assert entries == sorted(entries, key=("admitted", "full", "cut_off").index)
    assert min(counted) >= few_descriptors // 8 - 1


def test_the_limit_of_open_files_is_raised(few_descriptors: int) -> None:
    raise_descriptor_limit()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert few_descriptors < soft == hard


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez HTTP/1.1\r\n",
        GET + HOST,
        GET + b"Host: evil.example.org\r\n",
        b"GET /livez HTTP/1.0\r\n" + HOST + HOST,
        b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1, evil.example.org\r\n",
        b"GET /livez HTTP/1.1\r\nHost: evil@127.0.0.1\r\n",
    ],
)
def test_a_request_has_one_host(connect: Connect, head: bytes) -> None:
    connection = connect()
    connection.sendall(head + b"\r\n")
    problem = problem_in(read_all(connection), 400)
    assert "one Host header" in problem["detail"]


@pytest.mark.parametrize("head", [b"GET /livez HTTP/1.0\r\n", b"GET /livez HTTP/1.0\r\n" + HOST])
def test_an_old_client_needs_no_host(connect: Connect, head: bytes) -> None:
    connection = connect()
    connection.sendall(head + b"\r\n")
    assert statuses(read_all(connection)) == [200]
