"""The verdict of a comparison: which group is the best, which cannot be told from it, and what would tell."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.sweeps.comparisons.groups import Group
from service.sweeps.comparisons.metrics import MEASURES
from service.sweeps.statistics.differences import (
    Difference,
    paired,
    replicates_needed,
    rows_needed,
    unpaired,
)
from service.sweeps.statistics.families import holm, not_told_from_best, simplest, winner_tail
from service.sweeps.statistics.sentences import Statement, sentence
from service.sweeps.statistics.student_t import quantile

__all__ = ["ALPHA", "Against", "Verdict", "judge"]

ALPHA = 0.05
_POWER = 0.8
_FEWEST_PAIRS = 2
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Against:
    """The difference of one group over another, with the p that Holm's procedure adjusts for all of them."""

    first: int
    second: int
    difference: Difference
    p_adjusted: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison shows."""

    outcome: str
    """``winner``, ``cannot_tell`` or ``incomplete``."""

    best: int | None
    """Group with the best mean; None without any score."""

    close: Sequence[int]
    """Groups that cannot be told from the best, itself included."""

    simplest: int | None
    simplest_rule: str | None
    closest: Against | None
    """The best group over the one that is hardest to tell from it."""

    level: float
    """Of the interval in the sentence."""

    against: Sequence[Against]
    """Every group against the reference, or the best group against every other one."""

    attainable_difference: float | None
    replicates_needed: int | None
    rows_needed: int | None
    sentence: str


def judge(groups: Sequence[Group], metric: str, resample: str, reference: int | None) -> Verdict:
    """Return the verdict on scored groups, at the level 0.95 over the whole family."""
    difference = functools.cache(functools.partial(_difference, groups, resample))
    scored = [index for index, group in enumerate(groups) if group.scores]
    if len(scored) < len(groups):
        return _without_scores(groups, scored)
    tail = winner_tail(ALPHA, len(groups))
    close, _ = not_told_from_best(
        len(groups), difference, lambda j, i: groups[j].failures == 0 or groups[i].failures > 0, tail
    )
    best = max(close or scored, key=lambda index: _mean(groups[index]))
    others = [index for index in scored if index != best]
    rivals = [index for index in others if index in close] or others
    second = max(rivals, key=lambda index: difference(best, index).p_better())
    found = difference(best, second)
    level = 1 - 2 * tail
    against = _against(
        best if reference is None else reference, scored, difference, is_reference=reference is not None
    )
    chosen, rule = simplest(
        best,
        [group.candidate() for group in groups],
        [None if index == best else difference(best, index) for index in range(len(groups))],
    )
    needed = _needed(groups, (best, second), found, resample)
    # The others may have been beaten by each other: only a group that beats all of them itself wins.
    outcome = "winner" if len(close) == 1 and found.p_better() <= tail else "cannot_tell"
    if any(group.unfinished for group in groups):
        outcome = "incomplete"
    told = Statement(
        first=groups[best].label,
        second=groups[second].label,
        settings=len(groups),
        close=len(close),
        difference=found,
        level=level,
        measure=MEASURES[metric],
        resample=resample,
        validation_rows=min(each.rows_validation for group in groups for each in group.replicates),
        rows=_rows(groups[best]),
        replicates_needed=needed[0],
        rows_needed=needed[1],
    )
    return Verdict(
        outcome,
        best,
        close,
        chosen,
        rule,
        Against(best, second, found, None),
        level,
        against,
        _attainable(found),
        *needed,
        _with_counts(groups, sentence(told)),
    )


def _with_counts(groups: Sequence[Group], text: str) -> str:
    """Add how many experiments have not ended, and how many ended without a score."""
    if unfinished := sum(group.unfinished for group in groups):
        count = sum(len(group.replicates) for group in groups)
        text = f"{unfinished} of {count} experiments {'has' if unfinished == 1 else 'have'} not ended; so far: {text}"
    failed = [
        f"{group.failures} of {len(group.replicates)} of {group.label}" for group in groups if group.failures
    ]
    return f"{text} Ended without a score: {', '.join(failed)}." if failed else text


def _without_scores(groups: Sequence[Group], scored: Sequence[int]) -> Verdict:
    lacking = [group for index, group in enumerate(groups) if index not in scored]
    unfinished = any(group.unfinished for group in groups)
    names = [group.label for group in lacking[:_MOST_NAMED]]
    if more := len(lacking) - _MOST_NAMED:
        names += [f"{more} other{'s' if more > 1 else ''}"] if more > 0 else []
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    yet = " yet" if any(group.unfinished for group in lacking) else ""
    text = f"Can't tell: {listed} {'has' if len(names) == 1 else 'have'} no experiment that ended with a score{yet}."
    return Verdict(
        "incomplete" if unfinished else "cannot_tell",
        None,
        [],
        None,
        None,
        None,
        1 - ALPHA,
        [],
        None,
        None,
        None,
        text,
    )


def _difference(groups: Sequence[Group], resample: str, first: int, second: int) -> Difference:
    """Pair two groups by seeds and validation rows where they share at least two; compare unpaired means otherwise."""
    a, b = groups[first], groups[second]
    shared = [key for key in a.scores if key in b.scores]
    if len(shared) >= _FEWEST_PAIRS or (len(shared) == len(a.scores) == len(b.scores)):
        overlap = max(a.overlap(resample), b.overlap(resample))
        magnitude = max(abs(group.scores[key]) for group in (a, b) for key in shared)
        return paired([a.scores[key] - b.scores[key] for key in shared], overlap, magnitude)
    return unpaired(
        list(a.scores.values()), list(b.scores.values()), a.overlap(resample), b.overlap(resample)
    )


def _mean(group: Group) -> float:
    return math.fsum(group.scores.values()) / len(group.scores)


def _against(
    center: int,
    scored: Sequence[int],
    difference: functools._lru_cache_wrapper[Difference],
    *,
    is_reference: bool,
) -> list[Against]:
    """Every other group over a reference, or the best over every other group, with Holm's adjustment."""
    pairs = [(index, center) if is_reference else (center, index) for index in scored if index != center]
    found = [difference(*pair) for pair in pairs]
    tested = [index for index, each in enumerate(found) if each.is_testable]
    adjusted = holm([found[index].p() or 0.0 for index in tested])
    # Chosen after looking, the best is one end of all m (m − 1) / 2 pairs; a reference was fixed before.
    times = 1.0 if is_reference else len(scored) / 2
    by_index = {index: min(1.0, times * p) for index, p in zip(tested, adjusted, strict=True)}
    return [
        Against(*pair, each, by_index.get(index))
        for index, (pair, each) in enumerate(zip(pairs, found, strict=True))
    ]


def _needed(
    groups: Sequence[Group], pair: tuple[int, int], found: Difference, resample: str
) -> tuple[int | None, int | None]:
    """Return the replicates, or else the rows, that would tell a difference of this size."""
    if not found.is_testable:
        return None, None
    overlap = max(groups[index].overlap(resample) for index in pair)
    replicates = replicates_needed(found.estimate, found.deviation, overlap, ALPHA)
    if replicates is not None:
        return replicates, None
    return None, rows_needed(_rows(groups[pair[0]]), found.estimate, found.deviation, overlap)


def _rows(group: Group) -> int:
    return group.replicates[0].rows_train + group.replicates[0].rows_validation


def _attainable(found: Difference) -> float | None:
    """Return the smallest difference that this many pairs tell in 80 of 100 repetitions."""
    if not found.is_testable:
        return None
    return (quantile(ALPHA / 2, found.freedom) + quantile(1 - _POWER, found.freedom)) * found.standard_error
