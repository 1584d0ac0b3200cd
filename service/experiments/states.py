"""State machine of an experiment: statuses, transitions and reasons for its end.

    queued ─► dispatched ─► running ─► succeeded │ failed │ cancelled
      ▲ │         │           │  ▲
      │ ▼         ▼           ▼  └ (handed back or worker lost: queued)
    paused ◄───────────── pausing ─► cancelling ─► cancelled │ succeeded │ failed

The database row is the only source of truth. Every step is one conditional UPDATE that names the status it leaves.
Every status that is written comes from here: FIRST, ``step`` or WITHOUT_WORKER.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from types import MappingProxyType

__all__ = [
    "ACTIONS",
    "ACTIVE",
    "FIRST",
    "GONE",
    "STATUSES",
    "STOP_REASONS",
    "TERMINAL",
    "TRANSITIONS",
    "UNFINISHED",
    "WITHOUT_WORKER",
    "WORKING",
    "ForbiddenStep",
    "after",
    "leading_to",
    "named",
    "possible",
    "step",
]


class ForbiddenStep(Exception):
    """A program error: it was about to write a status that may not follow the present one."""

    def __init__(self, status: str, following: str) -> None:
        super().__init__(f"An experiment that is {status} cannot become {following}.")


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


def step(status: str, following: str) -> str:
    """Return the following status; raises ForbiddenStep where it may not follow."""
    if following not in TRANSITIONS[status]:
        raise ForbiddenStep(status, following)
    return following


FIRST = "queued"
"""Status of a new experiment."""

STATUSES = tuple(TRANSITIONS)
UNFINISHED = "unfinished"
"""Filter value that stands for every status that is not final."""

TERMINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)
ACTIVE = frozenset({"dispatched", "running", "pausing", "cancelling"})
"""Statuses held by the engine: rows that are leased, and that a lost worker leaves behind."""

WORKING = ("running", "pausing", "cancelling")
"""Statuses in which a worker trains an experiment and may write to its row."""

WITHOUT_WORKER: Mapping[str, str] = MappingProxyType(
    {
        "dispatched": step("dispatched", "queued"),
        "running": step("running", "queued"),
        "pausing": step("pausing", "paused"),
        "cancelling": step("cancelling", "cancelled"),
    }
)
"""For each ACTIVE status, the status that follows when the worker hands the experiment back or is lost."""

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


def leading_to(following: str, statuses: Iterable[str]) -> list[str]:
    """Those of the statuses that the given one may follow."""
    return [status for status in statuses if following in TRANSITIONS[status]]


def named(statuses: Iterable[str]) -> list[str]:
    """The statuses that a filter names, one of which may be UNFINISHED."""
    unfinished = [status for status in STATUSES if status not in TERMINAL]
    spelled_out = [[*unfinished] if status == UNFINISHED else [status] for status in statuses]
    return list(dict.fromkeys(itertools.chain.from_iterable(spelled_out)))


def after(action: str, status: str) -> str | None:
    """The status to which an action leads at once; None if it is not allowed."""
    return ACTIONS[action].get(status)


def possible(status: str) -> tuple[str, ...]:
    """The actions that would change something."""
    return tuple(action for action in ACTIONS if after(action, status) not in {None, status})
