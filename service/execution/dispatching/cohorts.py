"""Grouping of experiments into stacks, and the dispatch order: pure rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Protocol

__all__ = ["Dispatch", "Queue", "Waiting", "plan", "rank_of", "shares_of"]

_NOTHING = Fraction(0)

SHARE_SECONDS = 60
"""Seconds of worker time that each worker in use counts as."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued experiment; a stack of its ``cohort`` has up to ``lanes`` lanes, and None of a cohort trains alone."""

    id: str
    owner: str
    priority: int
    created_at: datetime
    cohort: str | None
    lanes: int


@dataclass(slots=True)
class Dispatch:
    """Experiments that one worker trains, by owner, and those that join now.

    ``id`` is None for a dispatch that is yet to be created, ``cohort`` is None for one that cannot be joined.
    """

    id: str | None
    cohort: str | None
    lanes: int
    owners: list[str] = field(default_factory=list)
    boarding: list[Waiting] = field(default_factory=list)

    def takes(self, cohort: str | None) -> bool:
        """Whether there is room for an experiment of this cohort."""
        return cohort is not None and cohort == self.cohort and len(self.owners) < self.lanes


class Queue(Protocol):
    """The queue, as far as the rules need it."""

    def fronts(self, cohort: str | None = None) -> Mapping[str, Waiting]:
        """Of every waiting owner, the experiment of the highest priority that was queued first.

        With a ``cohort``: of those that may ride in a stack of it.
        """

    def take(self, waiting: Waiting) -> None:
        """This one waits no more."""


def shares_of(live: Sequence[Dispatch]) -> dict[str, Fraction]:
    """Number of workers of each owner: the sum over the dispatches of its part in each."""
    shares: dict[str, Fraction] = {}
    for dispatch in live:
        for owner, lanes in Counter(dispatch.owners).items():
            shares[owner] = shares.get(owner, _NOTHING) + Fraction(lanes, len(dispatch.owners))
    return shares


def rank_of(share: Fraction | int, used_seconds: int) -> Fraction:
    """An owner's place between the others, by the workers it has and the seconds that it has used lately."""
    return share * SHARE_SECONDS + Fraction(used_seconds)


def plan(
    queue: Queue,
    live: Sequence[Dispatch],
    idle: int,
    most_running: int | None = None,
    used: Mapping[str, int] | None = None,
) -> list[Dispatch]:
    """Decide which experiments join which dispatch, given the ``idle`` workers; unchanged dispatches are left out.

    A claim is (use, priority, age): an owner's use is its share, the sum over the live dispatches of its part in each,
    times a minute, and the seconds of a worker that it has ``used`` lately. The smallest comes first. An owner with
    ``most_running`` experiments that run is passed over.

    1. The best claims head a dispatch of their own, for as long as there are idle workers.
    2. Experiments of a head's cohort ride along, spread evenly, as long as no experiment with a better share or
       priority is left waiting. Age does not count, since one more lane costs the others little.
    3. The first in line joins any stack of its cohort that has room. Here age counts: a stack that never ends keeps
       its worker from the experiments that wait.
    """
    claims = _Claims(queue, live, most_running, used or {})
    claims.head(idle)
    claims.ride()
    claims.join()
    return [dispatch for dispatch in claims.dispatches if dispatch.boarding]


class _Claims:
    """The claims of everybody, while one after another comes on board."""

    def __init__(
        self, queue: Queue, live: Sequence[Dispatch], most_running: int | None, used: Mapping[str, int]
    ) -> None:
        self._queue, self._most_running, self._used = queue, most_running, used
        self.dispatches = list(live)
        self._fresh: list[Dispatch] = []
        self._running = Counter[str]()
        self._shares = shares_of(live)
        for dispatch in live:
            self._running.update(dispatch.owners)

    def head(self, idle: int) -> None:
        """Give every idle worker a dispatch."""
        for _ in range(idle):
            if not (line := self._line()):
                return
            head = min(line, key=self._claim)
            dispatch = Dispatch(None, head.cohort, head.lanes)
            self._fresh.append(dispatch)
            self.dispatches.append(dispatch)
            self._board(dispatch, head)

    def ride(self) -> None:
        """Fill the stacks that are about to start."""
        while places := self._places(self._fresh):
            best = min(map(self._rank, self._line()), default=None)
            line = [each for cohort in places for each in self._line(cohort) if self._rank(each) == best]
            if not line:
                return
            rider = min(line, key=self._claim)
            self._board(places[rider.cohort], rider)

    def join(self) -> None:
        """Fill the stacks that train, too."""
        while line := self._line():
            first = min(line, key=self._claim)
            place = self._places(self.dispatches).get(first.cohort)
            if place is None:
                return
            self._board(place, first)

    def _line(self, cohort: str | None = None) -> list[Waiting]:
        return [
            waiting
            for owner, waiting in self._queue.fronts(cohort).items()
            if self._most_running is None or self._running[owner] < self._most_running
        ]

    def _rank(self, waiting: Waiting) -> tuple[Fraction, int]:
        return self._shares.get(waiting.owner, _NOTHING), -waiting.priority

    def _claim(self, waiting: Waiting) -> tuple[Fraction, int, datetime, str]:
        share = self._shares.get(waiting.owner, _NOTHING)
        use = rank_of(share, self._used.get(waiting.owner, 0))
        return use, -waiting.priority, waiting.created_at, waiting.id

    def _places(self, dispatches: Sequence[Dispatch]) -> dict[str | None, Dispatch]:
        """For every cohort with room, the dispatch with the fewest lanes."""
        places: dict[str | None, Dispatch] = {}
        for dispatch in dispatches:
            if dispatch.takes(dispatch.cohort):
                other = places.setdefault(dispatch.cohort, dispatch)
                if len(dispatch.owners) < len(other.owners):
                    places[dispatch.cohort] = dispatch
        return places

    def _board(self, dispatch: Dispatch, waiting: Waiting) -> None:
        self._count(dispatch, -1)
        dispatch.owners.append(waiting.owner)
        dispatch.boarding.append(waiting)
        self._count(dispatch, 1)
        self._running[waiting.owner] += 1
        self._queue.take(waiting)

    def _count(self, dispatch: Dispatch, times: int) -> None:
        for owner, lanes in Counter(dispatch.owners).items():
            part = Fraction(times * lanes, len(dispatch.owners))
            self._shares[owner] = self._shares.get(owner, _NOTHING) + part
