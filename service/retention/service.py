"""Delete experiments that ended long ago, while the service runs."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.limits import service as quotas
from service.retention import repository
from service.retention.repository import Ended
from service.storage.database import Database, utc_now

__all__ = ["Pruned", "prune", "read_duration"]

BATCH_SECONDS = 0.1
"""Seconds after which a transaction takes no further experiment, since writers wait for it."""

_PAGE = 200
_DURATION = re.compile("([0-9]{1,5})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Pruned:
    """Deleted content, or content that would be deleted."""

    experiments: int = 0
    epochs: int = 0
    checkpoint_bytes: int = 0


def read_duration(text: str) -> timedelta:
    """A duration such as 30d: an integer of seconds, minutes, hours, days or weeks; raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]} is not a duration such as 90m, 12h, 30d or 8w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def prune(
    database: Database, older_than: timedelta, statuses: Collection[str], *, dry_run: bool = False
) -> Pruned:
    """Remove every experiment that ended in one of these statuses longer ago than that, with everything of it.

    Each transaction is short, so that a service on the same database goes on meanwhile; what is interrupted has removed
    whole experiments. ``dry_run`` only counts.
    """
    before = utc_now() - older_than
    removed = Pruned()
    for page in _pages(database, before, statuses):
        with database.reading() as session:
            size = repository.checkpoint_bytes(session, [ended.id for ended in page])
        if not dry_run:
            _delete(database, [ended.id for ended in page])
        epochs = sum(ended.last_epoch for ended in page)
        removed = Pruned(
            removed.experiments + len(page), removed.epochs + epochs, removed.checkpoint_bytes + size
        )
    if removed.experiments and not dry_run:
        database.shrink()
    return removed


def _pages(database: Database, before: datetime, statuses: Collection[str]) -> Iterator[list[Ended]]:
    for owner, status in itertools.product(_owners(database), statuses):
        last: Ended | None = None
        while True:
            with database.reading() as session:
                page = list(repository.find_ended(session, owner, status, before, after=last, limit=_PAGE))
            if not page:
                break
            yield page
            last = page[-1]


def _owners(database: Database) -> Iterator[str]:
    """Everybody who has experiments: the indexes of lists are entered anew for each of them."""
    with database.reading() as session:
        owner = repository.next_owner(session)
        while owner is not None:
            yield owner
            owner = repository.next_owner(session, owner)


def _delete(database: Database, identifiers: list[str]) -> None:
    waiting = identifiers[::-1]
    while waiting:
        begun = time.monotonic()
        with database.transaction() as session:
            removed = [repository.delete(session, waiting.pop())]
            while waiting and time.monotonic() < begun + BATCH_SECONDS:
                removed.append(repository.delete(session, waiting.pop()))
            # Last, since the deletion of one experiment locks its row before its owner's usage.
            for owner, size in sorted(filter(None, removed)):
                quotas.release(session, owner, size)
        # Half of the time belongs to those who wait for their turn to write.
        time.sleep(time.monotonic() - begun)
