"""The port behind which worker processes live: anything that can start a dispatch somewhere."""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["Executor", "Slots"]


class Slots(NamedTuple):
    """How many dispatches can run at a time, and how many more would start at once."""

    total: int
    idle: int


class Executor(Protocol):
    """Starts dispatches in worker processes; what becomes of them stands in the database alone.

    Whoever makes one passes ``on_lost``, which is called with a dispatch's id, from any thread, as soon as its
    worker is known to have died.
    """

    def slots(self) -> Slots:
        """What there is room for now; nothing while the workers cannot be reached."""

    def submit(self, dispatch_id: str) -> None:
        """Start the dispatch in an idle worker and return; raise ConnectionError where none can be reached."""

    def close(self) -> None:
        """Let go of the workers; those that are the executor's own hand their work back and end."""
