"""What an owner has, beside what they may have."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.access.caller import Limits
from service.errors import TooMany
from service.experiments.states import ACTIVE
from service.quotas import repository

__all__ = ["Usage", "refuse_more_stored", "usage"]

_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Usage:
    """How much there is of an owner's."""

    queued: int
    running: int
    stored_bytes: int


def refuse_more_stored(limits: Limits, stored_bytes: int | None, more: int = 1) -> None:
    """Raise TooMany where an owner of whom so much is stored may not store ``more``; None is of no interest."""
    if limits.stored_bytes is None or stored_bytes is None:
        return
    if stored_bytes + more > limits.stored_bytes:
        raise TooMany(
            f"Your checkpoints and data sets take {stored_bytes:,} bytes, and you may store {limits.stored_bytes:,}. "
            "Delete some that you no longer need.",
            _RETRY_SECONDS,
        )


def usage(session: Session, owner: str) -> Usage:
    """Count what an owner has, now."""
    return Usage(
        queued=repository.count_experiments(session, owner, ["queued"]),
        running=repository.count_experiments(session, owner, sorted(ACTIVE)),
        stored_bytes=repository.stored_bytes(session, owner),
    )
