"""Conditional requests (RFC 9110, 13): ETags with If-None-Match and If-Match.

A tag is the opaque text between an ETag's quotes. Compression on the way may have made a tag weak; that is overlooked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Response

__all__ = ["Expected", "Known"]

_CACHED = "private, no-cache"


class Conditions:
    """ETags sent by a client."""

    def __init__(self, response: Response, if_none_match: str) -> None:
        self._headers = response.headers
        self._known = _tags(if_none_match)

    def unless_known(self, tag: str, answer: Callable[[], Any]) -> Any:
        """An answer with this tag; one without content (304), and without the work, where the client has it."""
        headers = {"ETag": f'"{tag}"', "Cache-Control": _CACHED}
        if tag in self._known or "*" in self._known:
            return Response(status_code=304, headers={**self._headers, **headers})
        self._headers.update(headers)
        return answer()


def _tags(header: str) -> frozenset[str]:
    return frozenset(each.strip().removeprefix("W/").strip('"') for each in header.split(","))


async def _known(
    response: Response,
    if_none_match: Annotated[
        str,
        Header(description="An `ETag` from an earlier response. Returns 304 if nothing has changed since."),
    ] = "",
) -> Conditions:
    return Conditions(response, if_none_match)


async def _expected(
    if_match: Annotated[
        str | None,
        Header(
            description="An `ETag` from an earlier response. Returns 412 if the resource has changed since."
        ),
    ] = None,
) -> frozenset[str] | None:
    return None if if_match is None or if_match.strip() == "*" else _tags(if_match)


Known = Annotated[Conditions, Depends(_known)]
"""ETags that a polling client already has."""

Expected = Annotated[frozenset[str] | None, Depends(_expected)]
"""ETags that a change requires of the resource; None if the change is unconditional."""
