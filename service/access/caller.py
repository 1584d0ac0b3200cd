"""Who asks: the owner of everything they make and of all that they see, what they may do, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LOCAL_OWNER", "NO_LIMITS", "SCOPES", "Caller", "Limits", "Scope"]

Scope = Literal["read", "write", "admin", "metrics"]

SCOPES: tuple[Scope, ...] = ("read", "write", "admin", "metrics")
"""What a key may allow, none of them part of another.

To look, to make and change, to make and revoke keys, to read /metrics.
"""

LOCAL_OWNER = "local"
"""Whom everything belongs to that is made while nobody has to say who they are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a caller may have or ask for; None is any amount."""

    queued: int | None = None
    """Experiments of the owner that wait or are paused."""

    stored_bytes: int | None = None
    """Bytes of the owner's checkpoints and data sets, those that waiting experiments will store included."""

    parameter_epochs: int | None = None
    """One experiment's parameters times its ``max_epochs``."""

    time_limit_seconds: int | None = None
    """The longest time limit of one experiment, and that of one that sets none."""

    estimated_seconds: int | None = None
    """The estimated training time of one experiment."""

    memory_bytes: int | None = None
    """The estimated memory of one experiment, its data set aside."""

    requests_per_minute: int | None = None
    """Requests with one key."""


NO_LIMITS = Limits()
"""Any amount of everything."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request. They see what belongs to ``owner``; to them there is nothing else."""

    owner: str
    scopes: frozenset[Scope]
    key_id: str | None = None
    limits: Limits = NO_LIMITS
    experiment_id: str | None = None
    """The one experiment that the key of a link shows; None for other keys."""
