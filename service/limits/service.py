"""Check an owner's usage against its limits.

Every check that refuses runs in the transaction that then stores: ``charge`` locks the owner's usage until it ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.access.caller import Limits
from service.errors import TooMany
from service.experiments.states import ACTIVE
from service.limits import repository

__all__ = [
    "Usage",
    "refuse_more_queued",
    "refuse_more_waiting",
    "release",
    "reserve_for_dataset",
    "reserve_for_experiment",
    "room_left",
    "settle",
    "usage",
]

WAITING = ("queued", "paused")
"""Statuses that count as waiting: a paused experiment can be queued at any time."""

_STORED_RETRY_SECONDS = 60
_QUEUED_RETRY_SECONDS = 5

settle = repository.settle


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage of an owner."""

    queued: int
    running: int
    stored_bytes: int


def reserve_for_experiment(session: Session, owner: str, limits: Limits, size: int) -> None:
    """Charge an owner for a new experiment of this many bytes; raises TooMany if that exceeds a limit."""
    experiments = repository.charge(session, owner, size)
    if limits.stored_bytes is not None:
        stored = experiments - size + repository.dataset_bytes(session, owner)
        _refuse_more_stored(limits.stored_bytes, stored, size)
    refuse_more_waiting(session, owner, limits)


def reserve_for_dataset(session: Session, owner: str, limits: Limits, size: int) -> None:
    """Raise TooMany if an owner has no room for an upload of this many bytes, before its row says so."""
    experiments = repository.charge(session, owner, 0)
    if limits.stored_bytes is not None:
        stored = experiments + repository.dataset_bytes(session, owner)
        _refuse_more_stored(limits.stored_bytes, stored, size)


def release(session: Session, owner: str, size: int) -> None:
    """Take what a deleted experiment had reserved off its owner's usage."""
    repository.charge(session, owner, -size)


def refuse_more_waiting(session: Session, owner: str, limits: Limits) -> None:
    """Raise TooMany where as many of an owner's experiments wait or are paused as may; the owner is locked."""
    if limits.queued is not None and repository.count_experiments(session, owner, WAITING) >= limits.queued:
        raise TooMany(
            f"You have {limits.queued} queued or paused experiments, the maximum. Wait until some have "
            "started, or cancel some.",
            _QUEUED_RETRY_SECONDS,
        )


def refuse_more_queued(session: Session, owner: str, limits: Limits) -> None:
    """Raise TooMany if a paused experiment of an owner finds the queue full; locks the owner."""
    repository.charge(session, owner, 0)
    if (
        limits.queued is not None
        and repository.count_experiments(session, owner, ["queued"]) >= limits.queued
    ):
        raise TooMany(
            f"You have {limits.queued} queued experiments, the maximum. Resume this one when some have "
            "started.",
            _QUEUED_RETRY_SECONDS,
        )


def room_left(session: Session, owner: str, limits: Limits) -> int | None:
    """Number of bytes an owner may still store; None means unlimited."""
    if limits.stored_bytes is None:
        return None
    stored = repository.experiment_bytes(session, owner) + repository.dataset_bytes(session, owner)
    return max(0, limits.stored_bytes - stored)


def _refuse_more_stored(most: int, stored: int, more: int) -> None:
    if stored + more > most:
        raise TooMany(
            f"Your checkpoints and data sets use {stored:,} bytes and this would add {more:,}; the limit "
            f"is {most:,} bytes. Delete some that you no longer need.",
            _STORED_RETRY_SECONDS,
        )


def usage(session: Session, owner: str) -> Usage:
    """Count what an owner has, now."""
    return Usage(
        queued=repository.count_experiments(session, owner, WAITING),
        running=repository.count_experiments(session, owner, sorted(ACTIVE)),
        stored_bytes=repository.experiment_bytes(session, owner) + repository.dataset_bytes(session, owner),
    )
