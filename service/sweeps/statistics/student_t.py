"""Student's t distribution: upper tail and quantile, by the regularized incomplete beta function."""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["quantile", "upper_tail"]

_TINY = 1e-300
_EPSILON = 1e-16
_MOST_TERMS = 10_000
_HALF = 0.5
_LARGE = 1000.0


def upper_tail(t: float, freedom: float) -> float:
    """Return P(T > t) for ``freedom`` > 0 degrees of freedom, to some 14 digits.

    P(T > t) = I_x(ν/2, 1/2) / 2 with x = ν / (ν + t²) for t ≥ 0 (Abramowitz and Stegun, 26.7.1).
    """
    if t < 0:
        return 1 - upper_tail(-t, freedom)
    if math.isinf(t):
        return 0.0
    square = t * t
    return _incomplete_beta(freedom / (freedom + square), square / (freedom + square), freedom / 2, 0.5) / 2


@lru_cache(maxsize=4096)
def quantile(tail: float, freedom: float) -> float:
    """Return the t ≥ 0 with P(T > t) = ``tail``, for 0 < tail ≤ 1/2."""
    if not 0 < tail <= _HALF:
        raise ValueError(f"tail must be above 0 and at most 1/2, not {tail}")
    low, high = 0.0, 1.0
    while upper_tail(high, freedom) > tail:
        low, high = high, high * 2
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        if upper_tail(middle, freedom) > tail:
            low = middle
        else:
            high = middle


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return I_x(a, b), of which a or b is 1/2; ``rest`` is 1 − x without its rounding (DLMF, 8.17)."""
    if x == 0 or rest == 0:
        return float(rest == 0)
    # The continued fraction converges fast below the mean; the symmetry 8.17.4 covers the other side.
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(rest, x, b, a)
    # log1p keeps the digits of x and of 1 − x where either is close to 1.
    logarithm = a * _logarithm(x, rest) + b * _logarithm(rest, x) - math.log(a) - _log_beta(a + b - 0.5)
    return math.exp(logarithm) / _continued_fraction(x, a, b)


def _logarithm(x: float, rest: float) -> float:
    return math.log1p(-rest) if rest < _HALF else math.log(x)


def _log_beta(a: float) -> float:
    """Return ln B(a, 1/2); for large a by Stirling's series, since the two gammas would cancel."""
    if a < _LARGE:
        return math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)
    ratio = math.log(a) / 2 - 1 / (8 * a) + 1 / (192 * a**3)  # of ln Γ(a + 1/2) to ln Γ(a)
    return math.lgamma(0.5) - ratio


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of DLMF 8.17.22 by Lentz's method, modified by Thompson and Barnett."""
    value, numerators, denominators = 1.0, 1.0, 0.0
    for term in range(1, _MOST_TERMS):
        half, odd = divmod(term, 2)
        if odd:
            factor = -(a + half) * (a + b + half) * x / ((a + term - 1) * (a + term))
        else:
            factor = half * (b - half) * x / ((a + term - 1) * (a + term))
        denominators = 1 / (1 + factor * denominators or _TINY)
        numerators = 1 + factor / numerators or _TINY
        step = numerators * denominators
        value *= step
        if abs(step - 1) < _EPSILON:
            break
    return value
