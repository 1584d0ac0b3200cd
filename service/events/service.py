"""Read events after a position, of one experiment or of several in one stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.events import cursor
from service.experiments.curve.metrics import metric_names, of_epoch
from service.experiments.history import repository
from service.experiments.identifiers import is_identifier
from service.experiments.service import not_found

__all__ = ["Batch", "Event", "Place", "begin", "read"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``id`` is the reader's place once it has seen this."""

    id: str
    type: str
    experiment_id: str
    created_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """The number of the last event that a reader has seen of each experiment, and the experiments it still follows.

    All of them are ``owner``'s.
    """

    owner: str
    positions: Mapping[str, int]
    following: frozenset[str]

    def moved(self, experiment_id: str, position: int) -> Place:
        """The place after an event of one of them."""
        return replace(self, positions={**self.positions, experiment_id: position})


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events in their order, the reader's place after them, and whether more have happened already."""

    events: Sequence[Event]
    place: Place
    has_more: bool


def begin(
    session: Session, owner: str, identifiers: Iterable[str], *, after: str | None, parameter: str
) -> Place:
    """The place of a reader of an owner's experiments that has seen all up to the event ``after``, or nothing yet.

    Nothing is followed any more where every one of the experiments has ended and all its events were seen. Of several
    one that has been deleted since is left aside. Raises NotFound, and InvalidParameter for an ``after`` that was
    not given out as an event's id.
    """
    wanted = list(dict.fromkeys(identifiers))
    positions = cursor.decode(after, wanted, parameter) if after else dict.fromkeys(wanted, 0)
    found = repository.followed(session, owner, [each for each in wanted if is_identifier(each)])
    missing = [each for each in wanted if each not in found]
    if missing and (not after or not found):
        raise not_found(missing[0])
    if any(positions[each] > experiment.last_event for each, experiment in found.items()):
        raise cursor.refuse(parameter)
    return _without_ended(Place(owner, positions, frozenset(found)), found)


def read(session: Session, place: Place, limit: int) -> Batch:
    """The next events after a place, at most so many, the experiments taking turns."""
    found = repository.followed(session, place.owner, sorted(place.following))
    waiting = {
        each: experiment
        for each, experiment in found.items()
        if experiment.last_event > place.positions[each]
    }
    events: list[Event] = []
    for number, (each, experiment) in enumerate(waiting.items()):
        share = (limit - len(events)) // (len(waiting) - number)
        for event, place_after in _next(session, place, each, experiment, share):
            place = place_after
            if event is not None:
                events.append(event)
    has_more = any(found[each].last_event > place.positions[each] for each in waiting)
    return Batch(events, _without_ended(place, found), has_more)


def _without_ended(place: Place, found: Mapping[str, repository.Followed]) -> Place:
    """The place without the experiments of which nothing more will come."""
    left = {
        each
        for each, experiment in found.items()
        if not experiment.ended or place.positions[each] < experiment.last_event
    }
    return replace(place, following=place.following & left)


def _next(
    session: Session, place: Place, identifier: str, experiment: repository.Followed, limit: int
) -> Iterator[tuple[Event | None, Place]]:
    """The next events of one experiment, each with the place after it.

    None stands for an epoch whose metrics are gone, since training had to start over.
    """
    names = metric_names(regression=experiment.regression)
    numbered = _numbered(session, identifier, place.positions[identifier], limit)
    curve = _curve(session, identifier, [_epoch(row, number) for row, number in numbered], names)
    for row, number in numbered:
        after = place.moved(identifier, number)
        data = (
            _data(session, row, names) if row.type != "experiment.epoch" else curve.get(_epoch(row, number))
        )
        event = None
        if data is not None:
            event = Event(cursor.encode(after.positions), row.type, identifier, row.created_at, data)
        yield event, after


def _numbered(session: Session, identifier: str, after: int, limit: int) -> list[tuple[Any, int]]:
    """The numbers of the next events, each with the row that stands for it."""
    numbered: list[tuple[Any, int]] = []
    for row in repository.stretches(session, identifier, after, limit):
        first, end = max(row.sequence, after + 1), row.sequence + row.count
        numbered += [(row, number) for number in range(first, min(end, first + limit - len(numbered)))]
    return numbered


def _epoch(row: Any, number: int) -> int | None:
    """The epoch of which the event of this number tells."""
    if row.type != "experiment.epoch":
        return None
    epoch: int = row.data["from_epoch"] + number - row.sequence
    return epoch


def _curve(
    session: Session, identifier: str, wanted: Sequence[int | None], names: Sequence[str]
) -> dict[int | None, dict[str, Any]]:
    """The metrics of some epochs, read in stretches."""
    found: dict[int | None, dict[str, Any]] = {}
    for first, last in _ranges([epoch for epoch in wanted if epoch is not None]):
        for data in repository.epochs(session, identifier, first, last, names):
            if data["non_finite"] is None:
                del data["non_finite"]
            found[data["epoch"]] = data
    return found


def _ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers as stretches in which each is the one before and one more."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def _data(session: Session, row: Any, names: Sequence[str]) -> dict[str, Any]:
    data: dict[str, Any] = row.data
    if row.type == "experiment.finished":
        return data | repository.results(session, row.experiment_id)
    if row.type == "experiment.checkpoint":
        return data | {"metrics": of_epoch(data.get("metrics") or {}, names)}
    return data
