"""The standard normal distribution as kernels: NumPy has no error function.

Φ(z) = ½ erfc(-z/√2), and for x ≥ 0 erfc(x) = t·exp(P(t) - x²) with t = 2/(2 + x) in (0, 1]: P is smooth, so that one
polynomial serves the whole line (Schonfelder 1978; Press et al., Numerical Recipes, 3rd ed., §6.2.2). Its
coefficients are interpolated here, at import, to full double precision.
"""

from __future__ import annotations

from functools import partial
from math import erfc, exp, log, pi, sqrt

import numpy as np
from numpy.polynomial import chebyshev

from engine.kernels import Array, Call, constant

__all__ = ["density", "distribution"]

DEGREE = 27
CONTINUED_FROM, TERMS = 5.0, 60


def _scaled_erfc(x: float) -> float:
    """e^(x²) erfc(x), by its continued fraction where erfc itself gets too small."""
    if x < CONTINUED_FROM:
        return exp(x * x) * erfc(x)
    tail = x
    for term in range(TERMS, 0, -1):
        tail = x + term / 2 / tail
    return 1 / (sqrt(pi) * tail)


def _exponent(s: float) -> float:
    """P at t = (s + 1)/2."""
    t = (s + 1) / 2
    return log(_scaled_erfc(2 / t - 2) / t)


COEFFICIENTS = chebyshev.cheb2poly(chebyshev.chebinterpolate(np.vectorize(_exponent), DEGREE))
"""Coefficients of P as a polynomial in s = 2t - 1, lowest power first."""


def distribution(z: Array, out: Array, x: Array, s: Array) -> list[Call]:
    """out ← Φ(z), accurate in relative terms on both sides; ``x`` and ``s`` are scratch."""
    one = constant(1, z)
    calls: list[Call] = [
        partial(np.abs, z, x),
        partial(np.multiply, x, constant(sqrt(0.5), z), x),
        partial(np.add, x, constant(2, z), s),
        partial(np.divide, constant(4, z), s, s),
        partial(np.subtract, s, one, s),
        partial(np.multiply, s, constant(COEFFICIENTS[-1], z), out),
    ]
    for coefficient in COEFFICIENTS[-2:0:-1]:
        calls += [
            partial(np.add, out, constant(coefficient, z), out),
            partial(np.multiply, out, s, out),
        ]
    return [
        *calls,
        partial(np.add, out, constant(COEFFICIENTS[0], z), out),
        partial(np.multiply, x, x, x),
        partial(np.subtract, out, x, out),
        partial(np.exp, out, out),
        partial(np.add, s, one, s),
        partial(np.multiply, out, s, out),
        partial(np.multiply, out, constant(0.25, z), out),
        *_reflected(z, out, x, s),
    ]


def _reflected(z: Array, tail: Array, x: Array, s: Array) -> list[Call]:
    """tail ← 1 - tail where z > 0."""
    return [
        partial(np.greater, z, constant(0, z), x),
        partial(np.multiply, tail, constant(-2, z), s),
        partial(np.add, s, constant(1, z), s),
        partial(np.multiply, s, x, s),
        partial(np.add, tail, s, tail),
    ]


def density(z: Array, out: Array) -> list[Call]:
    """out ← φ(z) = e^(-z²/2)/√(2π)."""
    return [
        partial(np.multiply, z, z, out),
        partial(np.multiply, out, constant(-0.5, z), out),
        partial(np.exp, out, out),
        partial(np.multiply, out, constant(1 / sqrt(2 * pi), z), out),
    ]
