"""Caller of a request: owner, scopes and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LOCAL_OWNER", "NO_LIMITS", "SCOPES", "Caller", "Limits", "Scope"]

Scope = Literal["read", "write", "admin", "metrics"]

SCOPES: tuple[Scope, ...] = ("read", "write", "admin", "metrics")
"""Scopes of a key, independent of each other.

Read; create and change; create and revoke keys; read /metrics.
"""

LOCAL_OWNER = "local"
"""Owner of everything created while authentication is off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a caller; None means unlimited."""

    queued: int | None = None
    """Experiments of the owner that are queued or paused."""

    stored_bytes: int | None = None
    """Bytes of the owner's checkpoints and data sets, including what unfinished experiments will store."""

    parameter_epochs: int | None = None
    """Parameters times ``max_epochs`` of one experiment."""

    time_limit_seconds: int | None = None
    """Longest time limit of one experiment, and the time limit of an experiment that sets none."""

    estimated_seconds: int | None = None
    """Estimated training time of one experiment."""

    memory_bytes: int | None = None
    """Estimated memory of one experiment, excluding its data set."""

    requests_per_minute: int | None = None
    """Requests with one API key."""


NO_LIMITS = Limits()
"""Limits that allow everything."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, who can only see what belongs to ``owner``."""

    owner: str
    scopes: frozenset[Scope]
    key_id: str | None = None
    limits: Limits = NO_LIMITS
    experiment_id: str | None = None
    """The only experiment that a link's key can read; None for other keys."""
