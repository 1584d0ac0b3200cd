"""One experiment's life as data: its statuses, the steps between them, and why it ended.

    queued ─► dispatched ─► running ─► succeeded │ failed │ cancelled
      ▲ │         │           │  ▲
      │ ▼         ▼           ▼  └ (handed back or worker lost: queued)
    paused ◄───────────── pausing ─► cancelling ─► cancelled │ succeeded │ failed

The database row is the only truth, so that every step is one conditional UPDATE that names the status it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["ACTIVE", "STATUSES", "STOP_REASONS", "TERMINAL", "TRANSITIONS", "after_cancel", "can_become"]

TRANSITIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "queued": frozenset({"dispatched", "paused", "cancelled"}),
        "dispatched": frozenset({"running", "queued", "cancelled", "paused"}),
        "running": frozenset({"succeeded", "failed", "cancelled", "pausing", "cancelling", "queued"}),
        "pausing": frozenset({"paused", "cancelling", "succeeded", "failed"}),
        "paused": frozenset({"queued", "cancelled"}),
        "cancelling": frozenset({"cancelled", "succeeded", "failed"}),
        "succeeded": frozenset(),
        "failed": frozenset(),
        "cancelled": frozenset(),
    }
)
"""Where each status may lead in one step."""

STATUSES = tuple(TRANSITIONS)
TERMINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)
ACTIVE = frozenset({"dispatched", "running", "pausing", "cancelling"})
"""Held by the engine: rows that are leased, and that a lost worker leaves behind."""

STOP_REASONS = (
    "max_epochs",
    "early_stopping",
    "time_limit",
    "non_finite",
    "user",
    "worker_lost",
    "error",
)
"""Why an experiment ended."""

_AFTER_CANCEL = MappingProxyType(
    {
        "queued": "cancelled",
        "dispatched": "cancelled",
        "paused": "cancelled",
        "running": "cancelling",
        "pausing": "cancelling",
        "cancelling": "cancelling",
        "cancelled": "cancelled",
    }
)


def can_become(status: str, following: str) -> bool:
    """Whether one step leads from a status to the following one."""
    return following in TRANSITIONS[status]


def after_cancel(status: str) -> str | None:
    """The status that a cancel request leads to at once; None where the experiment has already ended otherwise."""
    return _AFTER_CANCEL.get(status)
