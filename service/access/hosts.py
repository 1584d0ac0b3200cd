"""Refuses requests to a service on this machine that name another one; see ``exposure``."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.exposure import without_port
from service.problems import problem_response

__all__ = ["KnownHosts"]


class KnownHosts:
    """Answers a request whose ``Host`` is none of these names with a 421 problem."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == b"host" and (host := without_port(value.decode("latin-1"))) not in self._names:
                    await problem_response(Request(scope), 421, self._reason(host))(scope, receive, send)
                    return
        await self.app(scope, receive, send)

    def _reason(self, host: str) -> str:
        return (
            f"While TRAINYARD_AUTH is off this service answers to the names of its own machine alone: "
            f"{', '.join(sorted(self._names))}. The request was for {host[:80]}. "
            "Use one of them, or set TRAINYARD_AUTH=on."
        )
