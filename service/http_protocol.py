"""HTTP as the server speaks it, with limits that it lacks by itself: what a client sends is short and comes soon."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Any

import httptools
from fastapi import Request
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.middleware import SAFE_HEADERS
from service.problems import problem_response

__all__ = ["GuardedProtocol"]

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
"""Of the request line and all headers together."""

HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection, to the end of the headers."""

BODY_SECONDS = 10.0
"""How often a body is looked at."""

LEAST_BODY_BYTES = 10 * 1024
"""What has to come of a body in that time, unless it is the service that takes no more for now."""

LINGERING_SECONDS = 1.0
"""How long whatever else a refused client sends is thrown away: closed at once, it might not see the answer."""

MOST_DISCARDED_BYTES = 32 * 2**20
"""What is thrown away of a body whose sender has the answer already."""

_MALFORMED = HTTPStatus.BAD_REQUEST, "What came is not HTTP."
_TOO_LONG = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"The request line and the headers may have at most {MAX_HEAD_BYTES:,} bytes and {MAX_HEADERS} headers.",
)
_HEAD_TOO_SLOW = HTTPStatus.REQUEST_TIMEOUT, "The headers did not come soon enough; send the request again."
_BODY_TOO_SLOW = HTTPStatus.REQUEST_TIMEOUT, "The body did not come fast enough; send the request again."


_OFFERS = frozenset({b"upgrade", b"http2-settings"})
"""What a request offers another protocol by: names of headers, and words in the header ``Connection``."""


class _TooLong(Exception):
    """The head, or what follows the body, is longer than allowed."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Whoever sends too much or too slowly gets a problem document, and the connection ends."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_message = False
        self._other_bytes = 0
        self._body_bytes = 0
        self._refusal = _MALFORMED
        self._ended = False
        self._discarded_bytes = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._after(HEAD_SECONDS, self._end_silently)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._after(0, None)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._ended:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > MOST_DISCARDED_BYTES:
                self.transport.close()
            return
        before = self._body_bytes
        self._feed(data)
        if not self._in_message or self._body_bytes != before or self._ended:
            return
        # One header without an end is not told of before its end, nor is what may follow a body.
        self._other_bytes += len(data)
        if self._other_bytes > MAX_HEAD_BYTES:
            self._refuse(*_TOO_LONG)

    def _feed(self, data: bytes) -> None:
        """Parse what came; a request that offers another protocol is read as what it is without the offer."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # The parser takes what follows the head for the other protocol. Java's client offers HTTP/2 at first.
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._feed(self._head_without_offer() + data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("")

    def _head_without_offer(self) -> bytes:
        lines = [b" ".join((self.scope["method"].encode(), self.url, b"HTTP/1.1"))]
        for name, value in self.headers:
            if name == b"connection":
                options = [each.strip() for each in value.split(b",")]
                lines.append(
                    b"connection: " + b", ".join(each for each in options if each.lower() not in _OFFERS)
                )
            elif name not in _OFFERS:
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._other_bytes = self._body_bytes = 0
        self._after(HEAD_SECONDS, self._look_at_head)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # Also called of what may follow a body in pieces.
        if len(self.headers) >= MAX_HEADERS:
            self._refusal = _TOO_LONG
            raise _TooLong
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if length > MAX_HEAD_BYTES:
            self._refusal = _TOO_LONG
            raise _TooLong
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        super().on_headers_complete()
        self._in_head = False
        self._after(BODY_SECONDS, self._look_at_body)

    @override
    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_message = False
        self._after(0, None)
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        """Take no other request from a client that has its answer and still owes the rest of this one.

        Most clients read no answer before they have sent everything, so that for a while the rest is thrown away.
        """
        owes = self._in_message and not self._in_head and not self.pipeline
        super().on_response_complete()
        if owes and not self.transport.is_closing():
            self._ended = True
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._after(BODY_SECONDS, self.transport.close)

    @override
    def send_400_response(self, msg: str) -> None:
        """What the server does where the parser, or one of the methods above, has refused."""
        self._refuse(*self._refusal)

    def _after(self, seconds: float, act: Any) -> None:
        """Do something later, instead of what was to be done; None is nothing."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if act is None else self.loop.call_later(seconds, act)

    def _look_at_head(self) -> None:
        if not self.flow.read_paused:
            self._refuse(*_HEAD_TOO_SLOW)
            return
        self._after(HEAD_SECONDS, self._look_at_head)

    def _look_at_body(self) -> None:
        if self._body_bytes < LEAST_BODY_BYTES and not self.flow.read_paused:
            self._refuse(*_BODY_TOO_SLOW)
            return
        self._body_bytes = 0
        self._after(BODY_SECONDS, self._look_at_body)

    def _end_silently(self) -> None:
        self._ended = True
        self.transport.close()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer with a problem and end the connection; only end it where another answer is due or under way."""
        self._ended = True
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is not None and not cycle.response_complete:
            of_cycle = self._in_message and not self._in_head and not self.pipeline
            if cycle.response_started or not of_cycle:
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(_answer(status, detail))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._after(LINGERING_SECONDS, self.transport.close)


def _answer(status: HTTPStatus, detail: str) -> bytes:
    """A problem document as it is sent; nothing is said of a path, which may not even have come."""
    request_id = f"req_{secrets.token_hex(8)}"
    scope = {"type": "http", "path": "/", "headers": [], "state": {"request_id": request_id}}
    problem = problem_response(Request(scope), status, detail)
    headers = {
        **dict(problem.raw_headers),
        **SAFE_HEADERS,
        b"x-request-id": request_id.encode(),
        b"connection": b"close",
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", bytes(problem.body)])
