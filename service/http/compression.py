"""Compression of long text responses: lists, curves, the OpenAPI document."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

__all__ = ["MINIMUM_BYTES", "Compression"]

MINIMUM_BYTES = 16 * 1024
"""Compressing a shorter response takes longer than sending it."""

_LEVEL = 1
_COMPRESSED = ("application/json", "application/vnd.trainyard.part+json", "text/csv")


class Compression:
    """Compresses long JSON and CSV where the client takes gzip.

    Events must arrive as they happen, and weights hardly get shorter: neither is among the types, and an answer that
    says ``no-transform`` is left as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and _takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            await _Responder(self.app, MINIMUM_BYTES, _LEVEL)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.split(","):
        coding, _, quality = part.replace(" ", "").lower().partition(";q=")
        if coding == "gzip":
            return quality.strip("0.") != "" or quality == ""
    return False


class _Responder(GZipResponder):
    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_weakened(message: Message) -> None:
            if message["type"] == "http.response.start":
                _weaken_tag(MutableHeaders(scope=message))
            await send(message)

        await super().__call__(scope, receive, send_weakened)

    @override
    async def send_with_compression(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in _COMPRESSED or "no-transform" in headers.get("cache-control", ""):
                self.exclude_content_types = (media_type,)
        await super().send_with_compression(message)


def _weaken_tag(headers: MutableHeaders) -> None:
    """The same content in other bytes has no strong tag in common (RFC 9110, 8.8.1)."""
    tag = headers.get("etag", "")
    if tag.startswith('"') and "content-encoding" in headers:
        headers["etag"] = f"W/{tag}"
