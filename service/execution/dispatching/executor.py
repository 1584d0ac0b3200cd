"""Executor port: anything that can run a dispatch in a worker process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

__all__ = ["HAND_BACK_SECONDS", "Executor", "Loss", "MemoryUse", "OnLost", "Slots"]

HAND_BACK_SECONDS = 3.0
"""Seconds a worker has to hand back its work when told to end; it is killed one second later."""


class Slots(NamedTuple):
    """Number of dispatches that can run at a time, and that would start at once."""

    total: int
    idle: int
    silent: int = 0
    """The number of workers out of ``total`` that have been silent for some seconds."""


class MemoryUse(NamedTuple):
    """Memory a worker used when it was killed for it, and its limit."""

    used_bytes: int
    limit_bytes: int


class Loss(NamedTuple):
    """A dispatch whose worker died; ``memory`` where the worker was killed for what it used."""

    dispatch_id: str
    memory: MemoryUse | None = None


OnLost = Callable[[Loss], None]
"""Called from any thread as soon as a worker is known to be dead."""


class Executor(Protocol):
    """Starts dispatches in worker processes; what becomes of them stands in the database alone.

    Its maker passes an ``OnLost``.
    """

    def slots(self) -> Slots:
        """Number of dispatches that can start now; 0 while the workers cannot be reached."""

    def memory_bytes(self) -> int | None:
        """Memory of the worker with the most; None if unknown."""

    def submit(self, dispatch_id: str) -> None:
        """Start the dispatch in an idle worker and return; raise ConnectionError where none can be reached."""

    def close(self) -> None:
        """Let go of the workers; those that are the executor's own hand their work back and end."""
