"""Transaction that takes effect once per Idempotency-Key."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from service.access.authentication import Writer
from service.errors import InvalidParameter
from service.http.declarations import UsedSession
from service.http.opening import Opening
from service.http.problems import Refusal
from service.idempotency import service
from service.idempotency.service import HEADER, Answer, Once, fingerprint

__all__ = ["OnceTransaction"]

_SCHEMA = {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}

_TRANSACTION = UsedSession(writes=True, is_quick=True)
_KEY = re.compile("[!-~]{1,255}")
_WORDS = (
    "A unique string, such as a random UUID, that makes this request idempotent: repeated with the same "
    "body within 24 hours, it returns the same response."
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Repeatable:
    """A request with a key, as the route stores and finds its answer."""

    once: Once

    def claim(self, session: Session) -> Answer | None:
        """Return the answer that the request got before; None if it is the first of its key."""
        return service.claim(session, self.once)

    def keep(self, session: Session, status: int, headers: Mapping[str, str], content: bytes) -> None:
        """Store the answer, in the endpoint's own transaction."""
        service.keep(session, self.once, Answer(status, headers, content))


async def _once_transaction(
    request: Request,
    caller: Writer,
    idempotency_key: Annotated[str | None, Header(description=_WORDS, json_schema_extra=_SCHEMA)] = None,
) -> Opening:
    opening = await _TRANSACTION(request)
    if idempotency_key is None:
        return opening
    return dataclasses.replace(opening, once=_Repeatable(await _once(request, caller.owner, idempotency_key)))


OnceTransaction = Annotated[Session, Depends(_once_transaction)]
"""A session for a few rows; with an Idempotency-Key the request takes effect once."""


async def _once(request: Request, owner: str, key: str) -> Once:
    """The request as its owner's, with this key; raises InvalidParameter and Refusal."""
    if len(request.headers.getlist(HEADER)) > 1:
        raise InvalidParameter(HEADER, "repeated", "Must be given only once.")
    if not _KEY.fullmatch(key):
        message = "Must be 1 to 255 visible ASCII characters, such as a random UUID."
        raise InvalidParameter(HEADER, "text", message)
    route = request.scope["route"]
    document = await request.json() if route.body_field is not None else None
    try:
        asked = fingerprint(request.url.path, document)
    except RecursionError:
        raise Refusal(400, "The body is nested too deeply.") from None
    return Once(owner, route.operation_id, key, asked)
