"""Bounds on norms: of the gradient before the step, of each unit's incoming weights after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from engine.calls import Array, Call, aligned, larger
from engine.layout import Layout

__all__ = ["clip_calls", "max_norm_calls"]


def clip_calls(gradient: Array, limit: Array, thresholds: Sequence[Array]) -> list[Call]:
    """gradient ← min(1, limit/‖gradient‖) · gradient for every lane; thresholds are scaled alike.

    ``gradient`` is (length,) and ``limit`` zero-dimensional, or (K, length) and (K, 1).
    """
    factor = np.zeros_like(limit)
    norm = factor.reshape(gradient.shape[:-1])
    return [
        partial(np.vecdot, gradient, gradient, norm),
        partial(np.sqrt, factor, factor),
        larger(factor, limit, factor),
        partial(np.divide, limit, factor, factor),
        partial(np.multiply, gradient, factor, gradient),
        *(partial(np.multiply, threshold, factor, threshold) for threshold in thresholds),
    ]


def max_norm_calls(layout: Layout, parameters: Array, limit: Array) -> Iterator[Call]:
    """Scale the incoming weights of every unit down to norm ``limit`` where they exceed it; biases stay."""
    for layer in range(layout.layers):
        weights = layout.weight(parameters, layer)
        squares = aligned(weights.shape, weights.dtype)
        norms = aligned((*weights.shape[:-2], 1, weights.shape[-1]), weights.dtype)
        of_lane = limit[..., None] if limit.ndim else limit
        yield from (
            partial(np.multiply, weights, weights, squares),
            partial(np.add.reduce, squares, -2, None, norms, keepdims=True),
            partial(np.sqrt, norms, norms),
            larger(norms, of_lane, norms),
            partial(np.divide, of_lane, norms, norms),
            partial(np.multiply, weights, norms, weights),
        )
