"""The difference between two settings: estimate, standard error, interval and p, from one procedure.

Scores of one setting are those of its replicates: runs of the same specification with other seeds, or other splits.
Replicates whose training sets overlap are not independent. Their mean varies more than s² / J says, by the corrected
factor c = 1/J + n₂/n₁, where n₁ and n₂ are training and validation rows (Nadeau and Bengio 2003, section 3). Where
only seeds differ, n₂/n₁ is taken as 0: such a sentence is about these very validation rows.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from service.sweeps.statistics.student_t import quantile, upper_tail

__all__ = ["Difference", "paired", "replicates_needed", "rows_needed", "unpaired"]

_POWER = 0.8
_MOST_REPLICATES = 1_000_000
_MOST_TIMES_THE_ROWS = 100
_ROUNDING = 4 * sys.float_info.epsilon


@dataclass(frozen=True, slots=True)
class Difference:
    """An estimated difference A − B, signed so that positive is better for A."""

    estimate: float
    deviation: float
    """Sample standard deviation of the paired differences; of one replicate of each group if unpaired."""

    standard_error: float
    freedom: float
    """Degrees of freedom of the t distribution; 0 if a group has one replicate, so that nothing can be tested."""

    pairs: int
    """Number of pairs; if unpaired, replicates of the smaller group."""

    is_paired: bool

    @property
    def is_testable(self) -> bool:
        """Whether the replicates vary, so that there is an interval and a p."""
        return self.freedom > 0 and self.standard_error > 0

    def interval(self, level: float) -> tuple[float, float] | None:
        """Return the two-sided interval of this level; None without one."""
        if not self.is_testable:
            return None
        half = quantile((1 - level) / 2, self.freedom) * self.standard_error
        return self.estimate - half, self.estimate + half

    def p(self) -> float | None:
        """Return the two-sided p of no difference; None where nothing can be tested."""
        if not self.is_testable:
            return None
        return min(1.0, 2 * upper_tail(abs(self.estimate) / self.standard_error, self.freedom))

    def p_better(self) -> float:
        """Return the one-sided p of A being no better than B; 1 where nothing can be tested."""
        if not self.is_testable:
            return 1.0
        return upper_tail(self.estimate / self.standard_error, self.freedom)


def paired(differences: Sequence[float], overlap: float, magnitude: float = 0.0) -> Difference:
    """Estimate from the differences d_r of J pairs: mean d̄, standard error s · √(1/J + n₂/n₁), J − 1 degrees.

    ``overlap`` is n₂/n₁, or 0 where only seeds differ. ``magnitude`` is the largest of the scores that were subtracted:
    differences that vary by no more than its rounding are equal. Without this, 0.9 − 0.85 and 0.95 − 0.9 would vary.
    """
    rounding = _ROUNDING * magnitude
    if max(map(abs, differences)) <= rounding:
        differences = [0.0] * len(differences)
    elif max(differences) - min(differences) <= rounding:
        differences = [differences[0]] * len(differences)
    count = len(differences)
    mean, deviation = _moments(differences)
    error = deviation * math.sqrt(1 / count + overlap)
    return Difference(mean, deviation, error, count - 1, count, is_paired=True)


def unpaired(
    first: Sequence[float], second: Sequence[float], first_overlap: float, second_overlap: float
) -> Difference:
    """Estimate from the scores of two groups without pairs: Welch's t, each group with its own correction.

    v = s² · (1/J + n₂/n₁) of each group; standard error √(v_A + v_B), degrees of freedom of Welch and Satterthwaite.
    Standard errors are never squared as they are: the squares of very large or small ones are not representable.
    """
    means, errors, freedoms, deviations = [], [], [], []
    for scores, overlap in ((first, first_overlap), (second, second_overlap)):
        mean, deviation = _moments(scores)
        means.append(mean)
        deviations.append(deviation)
        errors.append(deviation * math.sqrt(1 / len(scores) + overlap))
        freedoms.append(len(scores) - 1)
    total = math.hypot(*errors)
    freedom = float(min(freedoms))
    if total > 0 and freedom > 0:
        freedom = 1 / sum((error / total) ** 4 / own for error, own in zip(errors, freedoms, strict=True))
    return Difference(
        means[0] - means[1],
        math.hypot(*deviations),
        total,
        freedom,
        min(len(first), len(second)),
        is_paired=False,
    )


def replicates_needed(estimate: float, deviation: float, overlap: float, alpha: float) -> int | None:
    """Return the smallest number of pairs that tells a difference of this size in 80 of 100 repetitions.

    It is the smallest J with (t(1 − α/2) + t(0.8)) · s · √(1/J + n₂/n₁) ≤ |d̄|, each t with J − 1 degrees of freedom;
    None where no number of pairs does.
    """

    def tells(pairs: int) -> bool:
        freedom = pairs - 1
        needed = quantile(alpha / 2, freedom) + quantile(1 - _POWER, freedom)
        return needed * deviation * math.sqrt(1 / pairs + overlap) <= abs(estimate)

    if estimate == 0 or not tells(_MOST_REPLICATES):
        return None
    low, high = 1, 2  # low does not tell: one pair has no degrees of freedom
    while not tells(high):
        low, high = high, min(2 * high, _MOST_REPLICATES)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return high


def rows_needed(rows: int, estimate: float, deviation: float, overlap: float) -> int | None:
    """Return how many rows would tell this difference, if it stays and the noise falls with the rows.

    n · ((1.96 + 0.84) · s · √(n₂/n₁) / |d̄|)²; None above 100 n, and where ``overlap`` is 0: then more replicates do.
    """
    if estimate == 0 or overlap == 0:
        return None
    ratio = (1.96 + 0.84) * deviation * math.sqrt(overlap) / abs(estimate)
    # The ratio is compared before it is squared: its square may overflow.
    return math.ceil(rows * ratio**2) if ratio <= math.sqrt(_MOST_TIMES_THE_ROWS) else None


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation; exactly 0 for equal values."""
    if min(values) == max(values):
        return values[0], 0.0
    mean = math.fsum(values) / len(values)
    largest = max(abs(value - mean) for value in values)
    squares = math.fsum(((value - mean) / largest) ** 2 for value in values)
    return mean, largest * math.sqrt(squares / (len(values) - 1))
