"""State machine of an experiment: statuses, transitions and reasons for its end.

    queued ─► dispatched ─► running ─► succeeded │ failed │ cancelled
      ▲ │         │           │  ▲
      │ ▼         ▼           ▼  └ (handed back or worker lost: queued)
    paused ◄───────────── pausing ─► cancelling ─► cancelled │ succeeded │ failed

The database row is the only truth, so that every step is one conditional UPDATE that names the status it leaves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from types import MappingProxyType

__all__ = [
    "ACTIONS",
    "ACTIVE",
    "GONE",
    "STATUSES",
    "STOP_REASONS",
    "TERMINAL",
    "TRANSITIONS",
    "UNFINISHED",
    "after",
    "can_become",
    "named",
    "possible",
]

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
"""For each status, the statuses that may follow it."""

STATUSES = tuple(TRANSITIONS)
UNFINISHED = "unfinished"
"""Filter value that stands for every status that is not final."""

TERMINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)
ACTIVE = frozenset({"dispatched", "running", "pausing", "cancelling"})
"""Statuses held by the engine: rows that are leased, and that a lost worker leaves behind."""

STOP_REASONS = (
    "max_epochs",
    "early_stopping",
    "time_limit",
    "non_finite",
    "user",
    "worker_lost",
    "error",
)
"""Reasons for an experiment's end."""

GONE = "gone"
"""The result of deletion: not a status, since the row is gone."""

ACTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cancel": {
            "queued": "cancelled",
            "dispatched": "cancelled",
            "paused": "cancelled",
            "running": "cancelling",
            "pausing": "cancelling",
            "cancelling": "cancelling",
            "cancelled": "cancelled",
        },
        "pause": {
            "queued": "paused",
            "dispatched": "paused",
            "running": "pausing",
            "pausing": "pausing",
            "paused": "paused",
        },
        "resume": {
            "paused": "queued",
            "queued": "queued",
            "dispatched": "dispatched",
            "running": "running",
        },
        "delete": {
            "queued": GONE,
            "dispatched": GONE,
            "paused": GONE,
            "succeeded": GONE,
            "failed": GONE,
            "cancelled": GONE,
        },
    }
)
"""For each action, the statuses it is allowed in and the status each leads to at once.

A status that leads to itself is one in which the action has no further effect.
"""


def can_become(status: str, following: str) -> bool:
    """Whether one step leads from a status to the following one."""
    return following in TRANSITIONS[status]


def named(statuses: Iterable[str]) -> list[str]:
    """The statuses that a filter names, one of which may be UNFINISHED."""
    unfinished = [status for status in STATUSES if status not in TERMINAL]
    spelled_out = [[*unfinished] if status == UNFINISHED else [status] for status in statuses]
    return list(dict.fromkeys(itertools.chain.from_iterable(spelled_out)))


def after(action: str, status: str) -> str | None:
    """The status to which an action leads at once; None where it is not allowed."""
    return ACTIONS[action].get(status)


def possible(status: str) -> tuple[str, ...]:
    """The actions that would change something."""
    return tuple(action for action in ACTIONS if after(action, status) not in {None, status})
