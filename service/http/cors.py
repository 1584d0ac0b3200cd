"""Cross-origin access (CORS): no origin but the listed ones."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

__all__ = ["EXPOSED", "CrossOrigin"]

EXPOSED = ("ETag", "Location", "Idempotency-Replayed", "Retry-After", "X-Request-ID", "Content-Disposition")
"""Response headers exposed to pages of other origins, beside the safelisted ones."""

_SECONDS_KNOWN = 600


class CrossOrigin(CORSMiddleware):
    """Lets pages of some origins in. To all others it is not there: they get what they get without it."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=_SECONDS_KNOWN,
        )

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        if origin is not None and self.is_allowed_origin(origin):
            await super().__call__(scope, receive, send)
            return

        async def send_varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("Origin")
            await send(message)

        await self.app(scope, receive, send_varying)
