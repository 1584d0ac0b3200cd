"""Uvicorn's HTTP protocol, plus limits on header size, header time and body rate."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import httptools
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.http.addresses import is_trusted
from service.http.connections import ConnectionPool, Visitor, network_of
from service.http.middleware import SAFE_HEADERS
from service.http.problems import problem_response
from service.settings import Network

__all__ = ["GuardedProtocol"]

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
"""Maximum size of the request line and all headers together."""

HEAD_SECONDS = 10.0
"""Seconds from the first byte of a request, or from the connection, to the end of the headers."""

BODY_SECONDS = 10.0
"""Seconds between two checks of the rate of a body."""

LEAST_BODY_BYTES = 10 * 1024
"""Bytes a client must send per interval, unless the server itself has paused reading."""

LINGERING_SECONDS = 1.0
"""Seconds for which further bytes of a refused client are discarded: an immediate close could lose the
response.
"""

MOST_DISCARDED_BYTES = 32 * 2**20
"""Maximum bytes discarded of a body that was already answered."""

SMALL_REST_BYTES = 64 * 1024
"""Maximum rest of a body to read and discard after an early response, to keep the connection open."""

RETRY_SECONDS = 5
"""``Retry-After`` for a client with too many connections."""

_MALFORMED = HTTPStatus.BAD_REQUEST, "Not a valid HTTP request."
_TOO_LONG = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"The request line and headers may have at most {MAX_HEAD_BYTES:,} bytes and {MAX_HEADERS} headers.",
)
_HEAD_TOO_SLOW = (
    HTTPStatus.REQUEST_TIMEOUT,
    "Timed out waiting for the request headers; send the request again.",
)
_BODY_TOO_SLOW = HTTPStatus.REQUEST_TIMEOUT, "The body arrived too slowly; send the request again."
_WRONG_HOST = (
    HTTPStatus.BAD_REQUEST,
    "An HTTP/1.1 request must have exactly one Host header with the name and port of the service.",
)
_TOO_MANY = {
    "address_full": (
        HTTPStatus.TOO_MANY_REQUESTS,
        "Your address has too many connections in use (TRAINYARD_MAX_CONNECTIONS_PER_ADDRESS).",
    ),
    "full": (HTTPStatus.SERVICE_UNAVAILABLE, "The service has too many connections. Try again later."),
}
_HOST = re.compile(rb"[^\s/?#@\\,]*")


_OFFERS = frozenset({b"upgrade", b"http2-settings"})
"""Headers, and options of the header ``Connection``, that request another protocol."""


class _Refused(Exception):
    """The parser is to stop; ``_refusal`` says what is wrong with the request."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. A client that sends too much or too slowly gets a problem document, and the connection ends.

    An answer may be out before the body of its request has come: most endpoints of actions read none, and an error may
    be known from the headers. A small rest of the body is then read and dropped. With a larger one, or one of unknown
    length, the answer says ``Connection: close``.
    """

    def __init__(
        self, *arguments: Any, pool: ConnectionPool, trusted: Collection[Network], **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.network = ""
        self.idle_since: float | None = None
        self._pool = pool
        self._trusted = trusted
        self._visitor = Visitor()
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_message = False
        self._got_on = False
        """Whether the last bytes received began a request or belonged to a body."""
        self._other_bytes = 0
        self._body_bytes = 0
        self._rest: int | None = 0
        """Bytes of the body still to come; None if unknown."""
        self._refusal = _MALFORMED
        self._closing = False
        """Whether a response has announced the end of the connection."""
        self._ended = False
        self._discarded_bytes = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self._visitor.is_proxy = is_trusted(host, self._trusted)
        self.network = "" if self._visitor.is_proxy else network_of(host)
        entry = self._pool.enter(self, transport.get_extra_info("socket").fileno())
        if entry == "cut_off":
            transport.abort()
        elif entry == "admitted":
            self._after(HEAD_SECONDS, self.end_idle)
        else:
            self._refuse(*_TOO_MANY[entry])

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._after(0, None)
        self._pool.leave(self)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._ended:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > MOST_DISCARDED_BYTES:
                self.transport.close()
            return
        self._got_on = False
        self._feed(data)
        if not self._in_message or self._got_on or self._ended:
            return
        # The parser reports a header, or trailers after a body, only once they are complete.
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
        self.scope["state"]["visitor"] = self._visitor
        self._pool.work(self)
        self._in_head = self._in_message = self._got_on = True
        self._other_bytes = self._body_bytes = 0
        self._after(HEAD_SECONDS, self._look_at_head)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # Also called of what may follow a body in pieces.
        if len(self.headers) >= MAX_HEADERS:
            self._refusal = _TOO_LONG
            raise _Refused
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if length > MAX_HEAD_BYTES:
            self._refusal = _TOO_LONG
            raise _Refused
        old = self.parser.get_http_version() == "1.0"
        if not _is_host([value for name, value in self.headers if name == b"host"], optional=old):
            self._refusal = _WRONG_HOST
            raise _Refused
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        if old:  # which knows no 100 Continue
            self.expect_100_continue = False
        self._rest = _length(self.headers)
        super().on_headers_complete()
        self._in_head = False
        self._after(BODY_SECONDS, self._look_at_body)

    @override
    def on_body(self, body: bytes) -> None:
        self._got_on = True
        self._body_bytes += len(body)
        if self._rest is not None:
            self._rest -= len(body)
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_message = False
        self._after(0, None)
        super().on_message_complete()
        self._rest_if_idle()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]  # as Starlette has it
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_with_end(message: Message) -> None:
                last = message["type"] == "http.response.start" and self._is_last(cycle)
                if last:
                    message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
                await send(message)
                if last:
                    # The server would close at once, and what still comes of the body would take the answer along.
                    cycle.keep_alive = self._closing = True

            await app(scope, receive, send_with_end)

        super()._start_asgi_task(cycle, answer)  # type: ignore[arg-type]  # as above

    @override
    def on_response_complete(self) -> None:
        """Take no other request after an answer that was said to be the last.

        Most clients read no answer before they have sent everything, so that for a while the rest is thrown away.
        """
        owes = self._in_message and not self._in_head and not self.pipeline
        if self._closing:
            self.pipeline.clear()
        super().on_response_complete()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if not self._closing:
            self._rest_if_idle()
        elif owes:
            self._ended = True
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._after(BODY_SECONDS, self.transport.close)
        else:
            self.end_idle()

    @override
    def send_400_response(self, msg: str) -> None:
        """Called by the server after a refusal by the parser or one of the methods above."""
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

    def end_idle(self) -> None:
        """Close the connection without a word."""
        self._ended = True
        self.transport.close()

    def _rest_if_idle(self) -> None:
        """Give the client time for another request if the last one has come and is answered."""
        if not (self._in_message or self._ended or self.pipeline) and self.cycle.response_complete:
            self._pool.rest(self)
            self._after(self._pool.idle_seconds(self._visitor), self.end_idle)

    def _is_last(self, cycle: RequestResponseCycle) -> bool:
        """Whether the connection cannot go on after this request, whose body has not come completely."""
        if cycle is not self.cycle or not self._in_message or self._in_head:
            return False
        waits = cycle.waiting_for_100_continue  # and may send its next request instead of the body
        return waits or not cycle.keep_alive or self._rest is None or self._rest > SMALL_REST_BYTES

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer with a problem and end the connection; only end it where another answer is due or under way."""
        self._ended = True
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        of_cycle = self._in_message and not self._in_head and not self.pipeline
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or not of_cycle:
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        elif of_cycle and cycle is not None:  # the request has its answer
            self.transport.close()
            return
        self.transport.write(_answer(status, detail))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._after(LINGERING_SECONDS, self.transport.close)


def _is_host(values: list[bytes], *, optional: bool) -> bool:
    """Whether these are the values of ``Host`` that a request may have."""
    if not values:
        return optional
    return len(values) == 1 and _HOST.fullmatch(values[0]) is not None


def _length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Return how many bytes the body has, as its headers say; None is not known."""
    given = dict(headers)
    if b"transfer-encoding" in given:
        return None
    return int(given.get(b"content-length", b"0"))


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
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers[b"retry-after"] = str(RETRY_SECONDS).encode()
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [name + b": " + value for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", bytes(problem.body)])
