"""What clients send that is too much, too slow or no HTTP, over real connections."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.http import protocol
from service.settings import Settings
from tests.service.events.conftest import LiveService
from tests.service.http.answers import problem_in, read_all, statuses

POST = b"POST /v1/experiments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
GET = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def live(fresh_sqlite_url: str, tmp_path: Path) -> Iterator[LiveService]:
    """A live service on an empty SQLite file."""
    service = LiveService(Settings(data_dir=tmp_path, database_url=fresh_sqlite_url))
    yield service
    service.stop()


@pytest.fixture
def connection(live: LiveService) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as opened:
        yield opened


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        GET + b"Bad Header\r\n\r\n",
        POST + b"Content-Length: five\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nfive\r\n",
    ],
)
def test_what_is_no_http(connection: socket.socket, request_: bytes) -> None:
    connection.sendall(request_)
    problem = problem_in(read_all(connection), 400)
    assert problem["type"] == "urn:trainyard:problem:malformed-request"


@pytest.mark.parametrize(
    "head",
    [
        GET + b"".join(b"X-%d: 1\r\n" % number for number in range(100)) + b"\r\n",
        GET + b"X: " + b"x" * protocol.MAX_HEAD_BYTES + b"\r\n\r\n",
        b"GET /" + b"x" * protocol.MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["too many", "too long", "too long a path"],
)
def test_a_head_that_is_too_large(connection: socket.socket, head: bytes) -> None:
    connection.sendall(head)
    problem = problem_in(read_all(connection), 431)
    assert "32,768 bytes and 100 headers" in problem["detail"]


@pytest.mark.parametrize(
    "start", [GET + b"X: ", b"GET /", POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "]
)
def test_what_has_no_end_is_ended(
    connection: socket.socket, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(protocol, "LINGERING_SECONDS", 0)

    def send_on_and_on() -> None:
        connection.sendall(start)
        for _ in range(1000):
            connection.sendall(b"x" * 65536)

    # How much of the answer arrives is up to what else was on its way.
    with pytest.raises(ConnectionError):
        send_on_and_on()


def test_as_much_as_is_allowed(connection: socket.socket) -> None:
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(97))
    connection.sendall(GET + many + b"Connection: close\r\n\r\n")
    assert statuses(read_all(connection)) == [200]


@pytest.mark.parametrize("start", [b"G", GET, POST])
def test_a_head_that_does_not_come(
    connection: socket.socket, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    connection.sendall(GET + b"\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    connection.sendall(start)
    answers = read_all(connection)
    assert statuses(answers) == [200] * start.count(b"\r\n\r\n") + [408]
    problem_in(answers[answers.index(b"HTTP/1.1 408") :], 408)


def test_a_connection_on_which_nothing_comes(live: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as silent:
        assert read_all(silent) == b""


def test_a_head_in_pieces(connection: socket.socket) -> None:
    for byte in GET + b"Connection: close\r\n\r\n":
        connection.sendall(bytes([byte]))
    assert statuses(read_all(connection)) == [200]


def test_a_body_that_does_not_come(
    live: LiveService, connection: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.2)
    connection.sendall(POST + b'Content-Length: 19\r\n\r\n{"dataset": ')
    problem = problem_in(read_all(connection), 408)
    assert "body" in problem["detail"]
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as other:
        other.sendall(GET + b"Connection: close\r\n\r\n")
        assert statuses(read_all(other)) == [200]


def test_a_body_that_takes_its_time_and_keeps_coming(
    connection: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    class Least:
        """As many bytes as came are enough."""

        def __gt__(self, came: int) -> bool:
            looks.append(came)
            return False

    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "LEAST_BODY_BYTES", Least())
    body = b'{"dataset": "iris"}'
    connection.sendall(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
    sent = 0
    while len(looks) < 5:
        if sent < len(body) - 1 and sent <= len(looks):
            connection.sendall(body[sent : sent + 1])
            sent += 1
    connection.sendall(body[sent:])
    assert statuses(read_all(connection)) == [201]


def test_requests_one_after_another(connection: socket.socket) -> None:
    body = b'{"dataset": "iris"}'
    post = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    connection.sendall(post + post + GET + b"\r\n" + GET + b"Connection: close\r\n\r\n")
    assert statuses(read_all(connection)) == [201, 201, 200, 200]


def test_nonsense_behind_a_request_is_not_taken_for_its_answer(connection: socket.socket) -> None:
    connection.sendall(GET + b"\r\nnonsense\r\n\r\n")
    try:
        answers = read_all(connection)
    except ConnectionResetError:
        return
    assert statuses(answers) in ([], [200], [200, 400])


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_who_has_an_answer_before_the_body_has_come_is_asked_for_nothing_more(
    connection: socket.socket, expect: bytes
) -> None:
    head = b"PUT /v1/datasets/ds_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/content HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    connection.sendall(head + expect + b"Content-Length: 1000000\r\n\r\n")
    # Neither what follows is taken for a part of it, nor is its rest waited for.
    connection.sendall(GET + b"\r\n")
    assert statuses(read_all(connection)) == [404]


def test_who_has_sent_everything_may_go_on(connection: socket.socket) -> None:
    connection.sendall(POST + b"Content-Length: 2\r\n\r\n{}")
    answer = connection.recv(65536)
    connection.sendall(GET + b"Connection: close\r\n\r\n")
    assert statuses(answer + read_all(connection)) == [422, 200]


def test_a_request_that_follows_on_the_heels_of_another_is_answered(connection: socket.socket) -> None:
    body = b'{"dataset": "none"}'
    head = POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(GET + b"\r\n" + head + body[:5])
    first = connection.recv(65536)
    connection.sendall(body[5:])
    assert statuses(first + read_all(connection)) == [200, 422]


def test_who_sends_on_after_the_answer_gets_it_all_the_same(live: LiveService) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(25):
            time.sleep(0.1)
            yield bytes(65536)

    client = http.client.HTTPConnection("127.0.0.1", live.port, timeout=20)
    client.request(
        "PUT", "/v1/datasets/ds_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/content", body=slowly(), encode_chunked=True
    )
    assert client.getresponse().status == 404
    client.close()


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("pieces", [1, 2, 40], ids=lambda count: f"{count} pieces")
def test_an_offer_of_another_protocol_is_declined(
    connection: socket.socket, framing: str, pieces: int
) -> None:
    """As Java's client makes it with its first request; the body and the next request are read all the same."""
    offer = (
        b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
    )
    body = b'{"dataset": "iris"}'
    length, content = (
        (b"Content-Length: 19\r\n\r\n", body)
        if framing == "length"
        else (b"Transfer-Encoding: chunked\r\n\r\n", b"13\r\n" + body + b"\r\n0\r\n\r\n")
    )
    first = POST + offer.replace(b", close", b"") + length + content
    sent = first + POST + offer + length + content
    size = -(-len(sent) // pieces)
    for start in range(0, len(sent), size):
        connection.sendall(sent[start : start + size])
    assert statuses(read_all(connection)) == [201, 201]
