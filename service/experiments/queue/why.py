"""Reason why an experiment waits, as a sentence: pure rules."""

from __future__ import annotations

from dataclasses import dataclass

from service.health.presence import Workers

__all__ = ["Work", "why_it_waits"]

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SHOWN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Work:
    """Work in progress: the number of busy workers, and of an owner's running experiments."""

    busy: int
    running: int


def why_it_waits(workers: Workers, work: Work, most_running: int | None) -> str:
    """The first thing that must change before another queued experiment of an owner can begin."""
    if workers.engine_silent_seconds is not None:
        return f"no engine is running{_since(workers.engine_silent_seconds)}"
    if workers.worker_silent_seconds is not None:
        return f"no worker is available{_since(workers.worker_silent_seconds)}"
    if most_running is not None and work.running >= most_running:
        return f"limit of running experiments reached ({most_running})"
    if work.busy >= workers.slots:
        return f"waiting for a worker ({work.busy} busy)"
    return "about to start"


def _since(seconds: float) -> str:
    """Duration in coarse steps, so a repeated request often gets the same answer."""
    shown = int(seconds // _SHOWN_SECONDS * _SHOWN_SECONDS)
    for unit, length in _UNITS:
        if shown >= length:
            return f" (for {shown // length} {unit})"
    return ""
