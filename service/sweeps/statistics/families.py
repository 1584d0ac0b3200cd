"""Many settings at once: which cannot be told from the best, which differ, and which is the simplest good one.

A setting's scores are a list with one score a replicate, larger being better; None stands for a replicate that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.sweeps.statistics.differences import Difference

__all__ = ["Candidate", "holm", "not_told_from_best", "simplest", "winner_tail"]

_LEAST_FAMILY = 2


def winner_tail(alpha: float, settings: int) -> float:
    """Return the one-sided level at which one of m settings is beaten by another: α / (m − 1), or α / 2 for two.

    With two settings, α / 2 keeps the answer in step with the two-sided interval that is shown beside it.
    """
    return alpha / max(settings - 1, _LEAST_FAMILY)


def not_told_from_best(
    count: int,
    difference: Callable[[int, int], Difference | None],
    may_beat: Callable[[int, int], bool],
    tail: float,
) -> tuple[list[int], dict[int, int]]:
    """Return the settings that cannot be told from the best, and for each other one a setting that beats it.

    Setting i leaves if some j is better at the one-sided level ``tail`` (multiple comparisons with the best, Hsu 1984).
    ``difference(j, i)`` is that of j over i, None if they share no replicate; ``may_beat(j, i)`` is False where j has
    failures that i lacks.
    """
    beaten: dict[int, int] = {}
    for i in range(count):
        strongest = tail
        for j in range(count):
            if j == i or not may_beat(j, i):
                continue
            found = difference(j, i)
            if (
                found is not None
                and (p := found.p_better()) <= strongest
                and (i not in beaten or p < strongest)
            ):
                beaten[i], strongest = j, p
    return [i for i in range(count) if i not in beaten], beaten


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p of each hypothesis: below α exactly where Holm's procedure (1979) rejects at α."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides which of several good settings is the simplest."""

    penalty: str
    strength: float
    """λ."""

    nonzero_weights: float
    """Mean over the replicates."""

    parameters: int


def simplest(
    best: int, candidates: Sequence[Candidate], behind: Sequence[Difference | None]
) -> tuple[int, str | None]:
    """Return the simplest setting within one standard error of the best, and the rule that chose it.

    ``behind[i]`` is the difference of the best over setting i. The rule of one standard error is that of Breiman et al.
    (1984, 3.4.3), with the standard error of the paired difference. Within one kind of penalty the larger λ is simpler;
    across kinds fewer non-zero weights are, then fewer parameters. The rule is ``lambda``, ``nonzero_weights`` or
    ``parameters``; None where the best itself is chosen.
    """
    near = [
        index
        for index, found in enumerate(behind)
        if index == best
        or (found is not None and found.freedom > 0 and found.estimate <= found.standard_error)
    ]
    kinds: dict[str, int] = {}
    for index in near:
        held = kinds.get(candidates[index].penalty)
        if held is None or candidates[index].strength > candidates[held].strength:
            kinds[candidates[index].penalty] = index
    ranked = sorted(
        kinds.values(), key=lambda i: (candidates[i].nonzero_weights, candidates[i].parameters, i != best)
    )
    chosen = ranked[0]
    if chosen == best:
        return chosen, None
    if candidates[chosen].penalty == candidates[best].penalty:
        return chosen, "lambda"
    of_best = candidates[kinds[candidates[best].penalty]]
    fewer = candidates[chosen].nonzero_weights < of_best.nonzero_weights
    return chosen, "nonzero_weights" if fewer else "parameters"
