"""The web server of the API process."""

from __future__ import annotations

import contextlib
import functools
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from service.http.connections import ConnectionPool, raise_descriptor_limit
from service.http.protocol import GuardedProtocol
from service.settings import Settings

__all__ = ["ApiServer", "serve_api"]

SHUTDOWN_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
"""Seconds a connection may be idle between requests: longer than in proxies, which should be the ones to
close it.
"""

KEYLESS_IDLE_SECONDS = 15
"""The same, if API keys are required and the client has sent none."""


class ApiServer(uvicorn.Server):
    """A server of one API that ends the streams of events before it waits for its connections to end."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self.app = app
        keyless_seconds = KEYLESS_IDLE_SECONDS if settings.auth == "on" else KEEP_ALIVE_SECONDS
        pool = ConnectionPool(settings.max_connections_per_address, KEEP_ALIVE_SECONDS, keyless_seconds)
        protocol: Any = functools.partial(GuardedProtocol, pool=pool, trusted=settings.trusted_proxies)
        config = uvicorn.Config(
            self.app,
            # service/logs.py says where lines go, and the middleware writes one per request.
            log_config=None,
            access_log=False,
            log_level="warning",
            server_header=False,
            http=protocol,
            # Only TRAINYARD_TRUSTED_PROXIES are believed, see http/addresses; uvicorn would believe all of this host.
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        super().__init__(config)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.tail.close()
        await super().shutdown(sockets)


def serve_api(app: FastAPI, settings: Settings, sockets: list[socket.socket]) -> None:
    """Serve an application on these sockets until SIGINT or SIGTERM."""
    raise_descriptor_limit()
    # Once the connections are drained, uvicorn raises the signal again for other handlers.
    with contextlib.suppress(KeyboardInterrupt):
        ApiServer(app, settings).run(sockets=sockets)
