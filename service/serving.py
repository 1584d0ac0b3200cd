"""The web server of the API process."""

from __future__ import annotations

import contextlib
import socket

import uvicorn
from typing_extensions import override

from service.app import create_app
from service.http_protocol import GuardedProtocol
from service.settings import Settings

__all__ = ["ApiServer", "serve_api"]

SHUTDOWN_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
"""How long a connection may rest between requests: longer than proxies have it, so that it is they who close one."""


class ApiServer(uvicorn.Server):
    """A server of one API that ends the streams of events before it waits for its connections to end."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        config = uvicorn.Config(
            self.app,
            access_log=False,
            log_level="warning",
            server_header=False,
            http=GuardedProtocol,
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        super().__init__(config)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.tail.close()
        await super().shutdown(sockets)


def serve_api(settings: Settings, sockets: list[socket.socket]) -> None:
    """Answer on these sockets until SIGINT or SIGTERM."""
    # Once the connections are drained uvicorn raises the signal anew, for whoever else may want to hear it.
    with contextlib.suppress(KeyboardInterrupt):
        ApiServer(settings).run(sockets=sockets)
