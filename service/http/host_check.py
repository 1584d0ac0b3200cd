"""Refuse requests addressed to other hosts, or sent by pages of other origins, while authentication is off.

See ``exposure``. A page of another site may not read what this service answers (that is CORS), but its browser sends
some requests all the same, such as a form with a file.
"""

from __future__ import annotations

from collections.abc import Collection

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.exposure import without_port
from service.http.problems import problem_response

__all__ = ["KnownHosts"]

_HARMLESS = ("GET", "HEAD", "OPTIONS")


class KnownHosts:
    """Answers a request whose ``Host`` is none of these names with a 421 problem.

    One that may change something and comes from a page of another site, which is none of the ``origins``, is answered
    with a 403 problem.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str], origins: Collection[str]) -> None:
        self.app = app
        self._names = names
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and (refusal := self._refusal(scope["method"], Headers(scope=scope))):
            await problem_response(Request(scope), *refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Status and reason of what is not to be answered."""
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and without_port(host) not in self._names:
            detail = (
                "While TRAINYARD_AUTH is off, only requests addressed to this machine's own host names "
                f"are accepted: {', '.join(sorted(self._names))}. This request was for {host[:80]}. Use "
                "one of these names, or set TRAINYARD_AUTH=on."
            )
            return 421, detail
        if method not in _HARMLESS and origin is not None and not self._is_own(origin):
            detail = (
                f"This request came from a page of {origin[:80]}. While TRAINYARD_AUTH is off, pages of "
                "other origins may not change anything. Add the origin to TRAINYARD_CORS_ORIGINS to allow "
                "it."
            )
            return 403, detail
        return None

    def _is_own(self, origin: str) -> bool:
        return without_port(origin.rpartition("//")[2]) in self._names or not self._origins.isdisjoint(
            {origin, "*"}
        )
