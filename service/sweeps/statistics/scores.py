"""Scores of replicates: the validation metric at an epoch that its own validation rows did not choose.

The smallest value of a run's own curve flatters the run, and flatters noisy settings more: the same rows choose the
epoch and judge it. The cross-fitted epoch of a replicate is the best epoch of the mean curve of the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Score", "at_best", "at_end", "cross_fitted"]

Curve = Sequence[float | None]
"""Values of epochs 1, 2, …; None where a value was not finite."""


class Score(NamedTuple):
    """A replicate's score and the epoch it was read at; None where the value there is not finite."""

    epoch: int
    value: float | None


def cross_fitted(monitored: Sequence[Curve], measured: Sequence[Curve], *, maximize: bool) -> list[Score]:
    """Score each of J ≥ 2 replicates at the epoch that the mean of the others' ``monitored`` curves chooses.

    A curve that ends earlier counts with its last epoch, in the mean and in the score. The first of equal epochs is
    chosen, as early stopping does. With one replicate there are no others, and its own best epoch is taken.
    """
    if len(monitored) == 1:
        return at_best(monitored, measured, maximize=maximize)
    length = max(map(len, monitored))
    costs = [_costs(curve, length, maximize=maximize) for curve in monitored]
    # Sums of the curves before and behind each one: nothing is subtracted, so that no rounding decides a tie.
    before = list(accumulate(costs[:-1], _add, initial=[0.0] * length))
    behind = list(accumulate(reversed(costs[1:]), _add, initial=[0.0] * length))[::-1]
    return [
        _read(curve, _first_least(_add(left, right)))
        for curve, left, right in zip(measured, before, behind, strict=True)
    ]


def at_best(monitored: Sequence[Curve], measured: Sequence[Curve], *, maximize: bool) -> list[Score]:
    """Score each replicate at its own best epoch, which flatters it."""
    return [
        _read(values, _first_least(_costs(curve, len(curve), maximize=maximize)))
        for curve, values in zip(monitored, measured, strict=True)
    ]


def at_end(measured: Sequence[Curve]) -> list[Score]:
    """Score each replicate at its last epoch."""
    return [_read(values, len(values)) for values in measured]


def _costs(curve: Curve, length: int, *, maximize: bool) -> list[float]:
    """Extend a curve by its last value, as costs: smaller is better, and what is not finite is worst."""
    sign = -1 if maximize else 1
    costs = [math.inf if value is None else sign * value for value in curve]
    return costs + [costs[-1]] * (length - len(costs))


def _add(first: list[float], second: list[float]) -> list[float]:
    return [a + b for a, b in zip(first, second, strict=True)]


def _first_least(costs: Sequence[float]) -> int:
    """Return the first epoch of the smallest cost, counted from 1."""
    return min(range(len(costs)), key=costs.__getitem__) + 1


def _read(values: Curve, epoch: int) -> Score:
    epoch = min(epoch, len(values))
    return Score(epoch, values[epoch - 1])
