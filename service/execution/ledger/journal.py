"""The events that a worker's writes record; the UPDATE that is their fence numbers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.execution.worker.work import Progress
from service.experiments.history.models import EventRow
from service.experiments.history.repository import EventType
from service.experiments.states import TERMINAL
from service.storage.database import utc_now

__all__ = ["Event", "Told", "count", "of_flush", "status_event", "write"]

_EVENTS: Any = EventRow.__table__


@dataclass(frozen=True, slots=True)
class Event:
    """One event, or ``count`` epochs from ``data["from_epoch"]`` on."""

    type: EventType
    data: dict[str, Any]
    count: int = 1


def status_event(status: str, stop_reason: str | None = None) -> Event:
    """A new status; one that ends the experiment is its last event."""
    type_: EventType = "experiment.finished" if status in TERMINAL else "experiment.status"
    return Event(type_, {"status": status, "stop_reason": stop_reason})


@dataclass(frozen=True, slots=True)
class Told:
    """The events of a flush: those it has in any case, and those it has only if it pauses the experiment."""

    always: Sequence[Event]
    if_paused: Sequence[Event]

    def given(self, status: str) -> Sequence[Event]:
        """Return the events of a flush after which the experiment has this status."""
        return [*self.always, *self.if_paused] if status == "paused" else self.always


def count(events: Iterable[Event]) -> int:
    """Return how many sequence numbers the events take."""
    return sum(event.count for event in events)


def of_flush(progress: Progress) -> Told:
    """Return the events of a flush; only the database knows whether it pauses the experiment."""
    return Told([*_events(progress)], [] if progress.ending is not None else [status_event("paused")])


def _events(progress: Progress) -> Iterator[Event]:
    if progress.epochs:
        first = progress.epochs[0][0]
        yield Event("experiment.epoch", {"from_epoch": first}, len(progress.epochs))
    for weights in progress.weights:
        data = {"kind": weights.kind, "epoch": weights.epoch, "sha256": weights.sha256}
        yield Event("experiment.checkpoint", {**data, "metrics": weights.metrics})
    if progress.ending is not None:
        for warning in progress.ending.found:
            yield Event("experiment.warning", warning)
        yield status_event(progress.ending.status, progress.ending.stop_reason)


def write(session: Session, written: Sequence[tuple[str, int, Sequence[Event]]]) -> None:
    """Store the events of experiments, given each one's id and the number of its last event."""
    now = utc_now()
    rows = []
    for id_, last, its_events in written:
        sequence = last + 1
        for event in reversed(its_events):
            sequence -= event.count
            rows.append(
                {
                    "experiment_id": id_,
                    "sequence": sequence,
                    "count": event.count,
                    "type": event.type,
                    "data": event.data,
                    "created_at": now,
                }
            )
    if rows:
        session.execute(sa.insert(_EVENTS), rows)
