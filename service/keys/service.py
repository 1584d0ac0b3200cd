"""Create, list, revoke and authenticate API keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from service.access import tokens
from service.access.caller import Caller, Limits
from service.errors import NotFound
from service.http.pagination import Page, page_of
from service.keys import repository
from service.keys.repository import Row
from service.keys.submission import NewKey
from service.storage.database import utc_now

__all__ = [
    "NewToken",
    "Row",
    "confirm",
    "count_unconfirmed",
    "create",
    "delete_link",
    "holds",
    "identify",
    "links",
    "list_page",
    "read",
    "revoke",
]


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new key and its token, which cannot be recovered."""

    row: Row
    token: str


def create(
    session: Session,
    pepper: bytes,
    new: NewKey,
    *,
    confirmed: bool = True,
    experiment_id: str | None = None,
) -> NewToken:
    """Create a key, or that of a link to one experiment; an unconfirmed one is not valid yet."""
    now = utc_now()
    key_id = tokens.new_key_id(now)
    token = tokens.new_token(key_id)
    seconds = new.expires_in_seconds
    values: dict[str, Any] = {
        "id": key_id,
        "owner": new.owner,
        "name": new.name,
        "scopes": list(new.scopes),
        "limits": dict(new.limits),
        "digest": tokens.digest(pepper, token),
        "created_at": now,
        "expires_at": None if seconds is None else now + timedelta(seconds=seconds),
        "revoked_at": None,
        "confirmed": confirmed,
        "experiment_id": experiment_id,
    }
    return NewToken(repository.insert(session, values), token)


def identify(session: Session, pepper: bytes, token: str, defaults: Limits) -> Caller | None:
    """The caller with this token; None if it is not a valid key."""
    key_id = tokens.key_id_of(token)
    row = None if key_id is None else repository.find_with_group(session, key_id)
    if row is None or not tokens.fits(pepper, token, row.digest) or not _holds(row, utc_now()):
        return None
    limits = replace(defaults, **{**(row.group_limits or {}), **row.limits})
    return Caller(row.owner, frozenset(row.scopes), row.id, limits, row.experiment_id)


def holds(session: Session, key_id: str) -> bool:
    """Whether a key that was shown before still fits: it is confirmed, was not revoked and has not expired."""
    row = repository.find(session, key_id)
    return row is not None and _holds(row, utc_now())


def _holds(row: Row, now: datetime) -> bool:
    return row.confirmed and row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def read(session: Session, key_id: str) -> Row:
    """One key; raises NotFound, also for that of a link."""
    row = repository.find(session, key_id) if tokens.is_key_id(key_id) else None
    if row is None or row.experiment_id is not None:
        raise NotFound(f"There is no key {key_id[:64]}.")
    return row


def list_page(session: Session, *, sort: str, limit: int, after: str | None = None) -> Page[Row]:
    """A page of everybody's keys, by age; raises InvalidParameter for a cursor it did not give out."""
    find = partial(repository.find_page, session, sort=sort)
    return page_of(find, partial(repository.count, session), sort=sort, limit=limit, after=after)


def revoke(session: Session, key_id: str) -> Row:
    """Revoke a key from the next request on; repeating is harmless. Raises NotFound."""
    read(session, key_id)
    repository.revoke(session, key_id, utc_now())
    return read(session, key_id)


def links(session: Session, experiment_id: str) -> Sequence[Row]:
    """The keys of the links of an experiment, the oldest first."""
    return repository.find_links(session, experiment_id)


def delete_link(session: Session, experiment_id: str, key_id: str) -> bool:
    """Remove the key of a link of this experiment; False if there is none."""
    return tokens.is_key_id(key_id) and repository.delete_link(session, experiment_id, key_id)


def confirm(session: Session, key_ids: Sequence[str] | None) -> Sequence[str]:
    """Confirm these keys, or all, that were created while authentication was off; raises NotFound.

    Return the ids of those that were not confirmed before.
    """
    for key_id in key_ids or ():
        read(session, key_id)
    return repository.confirm(session, key_ids)


def count_unconfirmed(session: Session) -> int:
    """Return how many keys wait to be confirmed."""
    return repository.count_unconfirmed(session)
