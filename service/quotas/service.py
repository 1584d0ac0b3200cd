"""What an owner has, beside what they may have."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.experiments.states import ACTIVE
from service.quotas import repository

__all__ = ["Usage", "usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """How much there is of an owner's."""

    queued: int
    running: int
    stored_bytes: int


def usage(session: Session, owner: str) -> Usage:
    """Count what an owner has, now."""
    return Usage(
        queued=repository.count_experiments(session, owner, ["queued"]),
        running=repository.count_experiments(session, owner, sorted(ACTIVE)),
        stored_bytes=repository.stored_bytes(session, owner),
    )
