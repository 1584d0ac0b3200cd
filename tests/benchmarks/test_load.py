"""The load generator counts every answer and takes none for another."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from typing_extensions import override

from benchmarks.service.load import drive, get_request, post_request
from scripts.fresh_service import FreshService


class Handler(BaseHTTPRequestHandler):
    """Answers in both forms that an answer can have."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/missing" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        else:
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"abc")

    def do_POST(self) -> None:
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[FreshService]:
    Handler.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield FreshService("127.0.0.1", server.server_port, 0)
        server.shutdown()


def test_a_fixed_rate_sends_what_is_due(service: FreshService) -> None:
    requests = [get_request("/chunked"), get_request("/"), post_request("/", {"a": 1})]
    load = drive(service, lambda number: requests[number % 3], connections=2, seconds=0.25, rate=60)
    assert len(load.milliseconds) == 15
    assert Handler.seen == [b'{"a": 1}'] * 5


def test_as_many_as_it_takes_are_counted_by_time(service: FreshService) -> None:
    load = drive(service, lambda _: get_request("/"), connections=2, seconds=0.1)
    assert load.seconds >= 0.1
    assert load.rate == len(load.milliseconds) / load.seconds > 0


def test_an_error_is_no_answer(service: FreshService) -> None:
    with pytest.raises(RuntimeError, match="404"):
        drive(service, lambda _: get_request("/missing"), connections=1, seconds=1)
