"""The web server of the API process."""

from __future__ import annotations

import contextlib
import socket

import uvicorn

from service.app import create_app
from service.settings import Settings

__all__ = ["serve_api"]

SHUTDOWN_SECONDS = 10


def serve_api(settings: Settings, sockets: list[socket.socket]) -> None:
    """Answer on these sockets until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        create_app(settings),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    # Once the connections are drained uvicorn raises the signal anew, for whoever else may want to hear it.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=sockets)
