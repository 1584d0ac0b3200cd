"""State of workers and queue for waiting experiments, looked up at most twice a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.experiments.queue.repository import Dispatched, dispatched
from service.experiments.queue.why import Work, why_it_waits
from service.health.presence import Workers

__all__ = ["Outlook"]

KEPT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _View:
    workers: Workers
    dispatched: list[Dispatched]
    good_until: float


class Outlook:
    """Tells owners why their experiments wait. ``look`` finds out about engines and their workers."""

    def __init__(
        self,
        look: Callable[[Session], Workers],
        most_running: int | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._most_running = most_running
        self._monotonic = monotonic
        self._view: _View | None = None

    def why(self, session: Session, owner: str) -> str:
        """The reason why a queued experiment of this owner waits."""
        view = self._current(session)
        work = Work(
            busy=len({each.dispatch_id for each in view.dispatched}),
            running=sum(each.experiments for each in view.dispatched if each.owner == owner),
        )
        return why_it_waits(view.workers, work, self._most_running)

    def _current(self, session: Session) -> _View:
        view, now = self._view, self._monotonic()
        if view is None or view.good_until <= now:
            view = _View(self._look(session), dispatched(session), now + KEPT_SECONDS)
            # Two threads may both look; either view will do.
            self._view = view
        return view
