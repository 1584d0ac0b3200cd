"""Execute a request with an idempotency key once, and replay its response."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.errors import InvalidParameter
from service.idempotency import repository
from service.storage.database import utc_now

__all__ = ["HEADER", "KEPT", "Answer", "Once", "claim", "fingerprint", "keep"]

HEADER = "Idempotency-Key"

KEPT = timedelta(hours=24)
"""Lifetime of a key, after which it can be used again."""

_REAPED = 10
"""Expired keys deleted with each new one, which bounds both their number and the cost per request."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to take effect once: whose it is, what it asks for, and the key it came with."""

    owner: str
    operation: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored response: status, headers set by the endpoint, and the bytes of the document."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def fingerprint(path: str, document: Any) -> str:
    """A hash that tells requests apart; the order of a document's members does not count."""
    canonical = json.dumps([path, document], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def claim(session: Session, once: Once) -> Answer | None:
    """The answer this request has already got; None if it is the first with its key.

    The first one holds the key until its transaction ends: others wait, and find its answer, or are the first if it
    failed. Raises InvalidParameter if the key came with another request.
    """
    now = utc_now()
    values = {
        "owner": once.owner,
        "operation": once.operation,
        "key": once.key,
        "fingerprint": once.fingerprint,
        "created_at": now,
    }
    if repository.insert(session, values, expired=now - KEPT):
        repository.reap(session, now - KEPT, _REAPED)
        return None
    row = repository.find(session, once.owner, once.operation, once.key)
    if row.fingerprint != once.fingerprint:
        message = (
            "This key was used with another request within the last 24 hours. Use a new key, such as a "
            "random UUID, for every new request."
        )
        raise InvalidParameter(HEADER, "key_reused", message)
    return Answer(row.status, row.headers, row.content)


def keep(session: Session, once: Once, answer: Answer) -> None:
    """Store the response for repeated requests."""
    values = {"status": answer.status, "headers": dict(answer.headers), "content": answer.content}
    repository.update(session, once.owner, once.operation, once.key, values)
