"""Norms, and bounds on them: of the gradient before the step, of each unit's incoming weights after it.

Numbers are brought to a size of which no square overflows or vanishes. Between 1e-12 and 1e12 they stay as they are.

The same in plain NumPy: engine/textbook/training.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import isfinite, sqrt

import numpy as np

from engine.kernels import Array, Call, aligned, constant, larger
from engine.network.layout import Layout

__all__ = ["clip_calls", "euclidean", "max_norm_calls"]

SMALLEST, SMALL, LARGE = 1e-24, 1e-12, 1e12
"""Values below ``SMALLEST`` count as that large when the scale is determined."""


def euclidean(vector: Array) -> float:
    """The norm of a (length,) vector in float64, also where its square would overflow or vanish."""
    values = vector.astype(np.float64)
    with np.errstate(over="ignore"):
        norm = sqrt(values @ values)
    if 1e-150 < norm < 1e150:
        return norm
    size = float(np.abs(values).max(initial=0))
    if not size or not isfinite(size):
        return norm
    values /= size
    return size * sqrt(values @ values)


def clip_calls(gradient: Array, limit: Array, thresholds: Sequence[Array]) -> list[Call]:
    """gradient ← min(1, limit/‖gradient‖) · gradient for every lane; thresholds are scaled alike.

    ``gradient`` is (length,) and ``limit`` zero-dimensional, or (K, length) and (K, 1).
    """
    size, factor, least = np.zeros_like(limit), np.zeros_like(limit), np.zeros_like(limit)
    lanes = gradient.shape[:-1]
    return [
        partial(np.maximum.reduce, gradient, -1, None, size.reshape(lanes)),
        partial(np.minimum.reduce, gradient, -1, None, least.reshape(lanes)),
        partial(np.negative, least, least),
        larger(size, least, size),
        *_divisor(size, factor),
        partial(np.divide, gradient, size, gradient),
        partial(np.vecdot, gradient, gradient, factor.reshape(lanes)),
        *_shrinking(factor, limit, size, least),
        partial(np.multiply, gradient, factor, gradient),
        partial(np.divide, factor, size, factor),
        *(partial(np.multiply, threshold, factor, threshold) for threshold in thresholds),
    ]


def _divisor(size: Array, scratch: Array) -> list[Call]:
    """size ← what brings the numbers whose largest magnitude is ``size`` between ``SMALL`` and ``LARGE``."""
    return [
        larger(size, constant(SMALLEST, size), size),
        partial(size.clip, constant(SMALL, size), constant(LARGE, size), scratch),
        partial(np.divide, size, scratch, size),
    ]


def _shrinking(squares: Array, limit: Array, divisor: Array, scratch: Array) -> list[Call]:
    """squares ← the factor that numbers divided by ``divisor``, of which these are the sums of squares, still need."""
    return [
        partial(np.sqrt, squares, squares),
        partial(np.divide, limit, divisor, scratch),
        larger(squares, scratch, squares),
        partial(np.divide, limit, squares, squares),
    ]


def max_norm_calls(layout: Layout, parameters: Array, limit: Array) -> Iterator[Call]:
    """Scale the incoming weights of every unit down to norm ``limit`` where they exceed it; biases stay."""
    of_lane = limit[..., None] if limit.ndim else limit
    for layer in range(layout.layers):
        weights = layout.weight(parameters, layer)
        squares = aligned(weights.shape, weights.dtype)
        shape = (*weights.shape[:-2], 1, weights.shape[-1])
        size, factor, scratch = (aligned(shape, weights.dtype) for _ in range(3))
        calls: list[Call] = [
            partial(np.abs, weights, squares),
            partial(np.maximum.reduce, squares, -2, None, size, keepdims=True),
            *_divisor(size, scratch),
            partial(np.divide, weights, size, squares),
            partial(np.multiply, squares, squares, squares),
            partial(np.add.reduce, squares, -2, None, factor, keepdims=True),
            *_shrinking(factor, of_lane, size, scratch),
            partial(np.divide, factor, size, factor),
            partial(np.multiply, weights, factor, weights),
        ]
        yield from calls
