"""Middleware around every request: its id, its size limit, and a response in every case."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import Refusal, problem_response
from service.http.redaction import redacted

__all__ = ["MAX_BODY_BYTES", "SAFE_HEADERS", "BodyLimit", "RequestContext"]

MAX_BODY_BYTES = 1024 * 1024
_UPLOADS = "/v1/datasets"
_EXPERIMENTS = "/v1/experiments/"
_REQUEST_ID_HEADER = "X-Request-ID"
_MOST_DISCARDED_BYTES = 32 * MAX_BODY_BYTES
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_INTERNAL_ERROR = "Internal error. The service's log has the details under this request_id."

# Defaults of every response: no sniffing of its type, no framing, no execution as a page.
SAFE_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}

log = structlog.get_logger(__name__)
_logger = logging.getLogger(__name__)

Count = Callable[[str, str, int, float], None]
"""Records a request's method, route, status and seconds."""


class RequestContext:
    """Gives each request an id, answers HEAD like GET, and turns an unforeseen exception into a 500 problem.

    Every answer has the headers that keep browsers from doing more with it than was meant.

    Every request leaves a line in the log, unless ``access_log`` is off.

    The id is the client's own ``X-Request-ID`` where it sends a sensible one. The stack trace goes to the log only.
    """

    def __init__(self, app: ASGIApp, *, access_log: bool, count: Count) -> None:
        self.app = app
        self._access_log = access_log
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        request_id = _request_id(Headers(scope=scope))
        # The server leaves the body out of its answer to a HEAD.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        scope = {**scope, "method": method, "state": {**scope.get("state", {}), "request_id": request_id}}
        started = False
        status = 500
        location = b""

        async def send_with_id(message: Message) -> None:
            nonlocal started, status, location
            if message["type"] == "http.response.start":
                started = True
                status = message["status"]
                location = dict(message["headers"]).get(b"location", b"")
                MutableHeaders(scope=message)[_REQUEST_ID_HEADER] = request_id
                given = {name for name, _ in message["headers"]}
                message["headers"] += [each for each in SAFE_HEADERS.items() if each[0] not in given]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            _logger.exception("request %s: %s %s failed", request_id, method, redacted(scope["path"]))
            if started:
                raise
            response = problem_response(Request(scope), 500, _INTERNAL_ERROR)
            await response(scope, receive, send_with_id)
        finally:
            seconds = round(time.perf_counter() - begun, 6)
            self._count(scope["method"], _route(scope), status, seconds)
            if self._access_log:
                log.info("request", **_described(scope, location), status=status, seconds=seconds)
            structlog.contextvars.reset_contextvars(**bound)


def _route(scope: Scope) -> str:
    """The path as the route has it, without identifiers; all that no route has are one."""
    return str(getattr(scope.get("route"), "path", "unknown"))


def _described(scope: Scope, location: bytes) -> dict[str, str | None]:
    """The sender and the request; the query and unknown values are left out."""
    caller = scope["state"].get("caller")  # a service.access.caller.Caller, once the gate has admitted it
    made = location.decode("latin-1").removeprefix(_EXPERIMENTS)
    known = {
        "method": scope["method"],
        "path": scope["path"],
        "experiment_id": scope.get("path_params", {}).get("experiment_id")
        or (made if made != location.decode("latin-1") else None),
        "owner": None if caller is None else caller.owner,
        "key_id": None if caller is None else caller.key_id,
        "client": None if scope.get("client") is None else scope["client"][0],
    }
    return {name: value for name, value in known.items() if value is not None}


def _request_id(headers: Headers) -> str:
    given = headers.get(_REQUEST_ID_HEADER, "")
    # A key, or the most of one, must not come to the log or back to the client.
    sensible = _REQUEST_ID.fullmatch(given) is not None and redacted(given) == given
    return given if sensible else f"req_{secrets.token_hex(8)}"


class BodyLimit:
    """Refuses a request body of more than MAX_BODY_BYTES with a 413 problem, announced or not; uploads may be larger.

    FastAPI's own limit answers in plain text. A client that waits for a go-ahead (``Expect``) is refused at once.
    """

    def __init__(self, app: ASGIApp, most_upload_bytes: int) -> None:
        self.app = app
        self._most_upload_bytes = most_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._most_upload_bytes if _is_upload(scope, headers) else MAX_BODY_BYTES
        received = 0
        announced = int(length) if (length := headers.get("content-length", "")).isdecimal() else 0

        async def receive_within_limit() -> Message:
            nonlocal received
            if announced > most and ("expect" in headers or most > MAX_BODY_BYTES):
                raise _too_large(most)
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                if message.get("more_body"):
                    await _discard(receive)
                raise _too_large(most)
            return message

        await self.app(scope, receive_within_limit, send)


def _is_upload(scope: Scope, headers: Headers) -> bool:
    """Whether the body is a file, which is not read into memory."""
    path: str = scope["path"]
    if scope["method"] == "POST":
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return path == _UPLOADS and media_type == "multipart/form-data"
    return scope["method"] == "PUT" and path.startswith(f"{_UPLOADS}/")


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"The request body may have at most {most:,} bytes.")


async def _discard(receive: Receive) -> None:
    """Read on for a while without keeping anything: most clients read no answer before they have sent everything."""
    discarded, more = 0, True
    while more and discarded < _MOST_DISCARDED_BYTES:
        message = await receive()
        discarded += len(message.get("body", b""))
        more = message.get("more_body", False)
