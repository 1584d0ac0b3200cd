"""Recent use of workers per owner, and the run that has to make room for another: pure rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from service.execution.dispatching.cohorts import Dispatch, rank_of, shares_of

__all__ = ["HALF_LIFE_SECONDS", "Turns"]

HALF_LIFE_SECONDS = 600.0
"""Half-life of past use."""

LONGEST_STEP_SECONDS = 2.0
"""Maximum time between two observations that is charged: use in a longer gap is unknown."""


class Turns:
    """The use by each owner as one dispatcher has observed it; its successor starts from zero.

    A dispatch may be asked back once it has trained for ``turn_seconds``; None disables this.
    """

    def __init__(self, turn_seconds: float | None) -> None:
        self._turn_seconds = turn_seconds
        self._used: dict[str, float] = {}
        self._since: dict[str, float] = {}
        self._asked: dict[str, str] = {}
        self._looked_at: float | None = None

    def used(self) -> dict[str, int]:
        """The seconds of a worker that each owner has used, those long ago counted less."""
        return {owner: int(seconds) for owner, seconds in self._used.items()}

    def observe(self, now: float, live: Sequence[Dispatch]) -> None:
        """Look, at the monotonic time ``now``, at who trains."""
        step = 0.0 if self._looked_at is None else min(now - self._looked_at, LONGEST_STEP_SECONDS)
        self._looked_at = now
        kept = 0.5 ** (step / HALF_LIFE_SECONDS)
        shares = shares_of(live)
        used = {
            owner: self._used.get(owner, 0.0) * kept + step * float(shares.get(owner, 0))
            for owner in self._used.keys() | shares.keys()
        }
        # Less than a second is as good as nothing.
        self._used = {owner: seconds for owner, seconds in used.items() if seconds >= 1 or owner in shares}
        ids = {dispatch.id for dispatch in live if dispatch.id is not None}
        self._since = {id_: self._since.get(id_, now) for id_ in ids}
        self._asked = {id_: owner for id_, owner in self._asked.items() if id_ in ids}

    def ask(
        self, now: float, waiting: Sequence[str], live: Sequence[Dispatch], most_running: int | None = None
    ) -> str | None:
        """The id of the dispatch that has to make room for a waiting owner; None if there is none.

        The owner with the least use comes first. Of the dispatches that have had their turn, that of the
        owners with the most use makes room, provided that each of them has used more.
        """
        if self._turn_seconds is None:
            return None
        running = Counter(owner for dispatch in live for owner in dispatch.owners)
        line = [
            owner
            for owner in waiting
            if owner not in self._asked.values() and (most_running is None or running[owner] < most_running)
        ]
        ranks = self._ranks(live)
        owner = min(line, key=lambda each: (ranks.get(each, 0), each), default=None)
        over = [
            dispatch
            for dispatch in live
            if dispatch.id is not None
            and dispatch.id not in self._asked
            and now - self._since.get(dispatch.id, now) >= self._turn_seconds
        ]
        if owner is None or not over:
            return None
        most = max(over, key=lambda dispatch: min(ranks[each] for each in dispatch.owners))
        if ranks.get(owner, 0) >= min(ranks[each] for each in most.owners):
            return None
        assert most.id is not None  # noqa: S101 - those of ``over`` have one
        self._asked[most.id] = owner
        return most.id

    def _ranks(self, live: Sequence[Dispatch]) -> Mapping[str, float]:
        shares, used = shares_of(live), self.used()
        return {
            owner: float(rank_of(shares.get(owner, 0), used.get(owner, 0)))
            for owner in used.keys() | shares.keys()
        }
