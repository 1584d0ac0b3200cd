"""The calls of the forward and the backward pass, from buffers and vectors of parameters.

The same in plain NumPy: engine/textbook/network.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from engine.kernels import Array, Call, by_lane, product, transposed
from engine.network.batch_norm import BatchNorm
from engine.network.buffers import Buffers
from engine.network.layout import Layout
from engine.network.shape import Network

__all__ = ["BatchNorms", "backward", "forward"]


def _inputs(buffers: Buffers) -> list[Array]:
    """The inputs of every layer, (K, fan_in + 1, B)."""
    return [transposed(buffers.x), *map(by_lane, buffers.inputs)]


BatchNorms = Mapping[int, BatchNorm]
"""Batch normalization of hidden layers, by layer index."""


def forward(
    network: Network,
    layout: Layout,
    parameters: Array,
    buffers: Buffers,
    batch_norms: BatchNorms,
    first: list[Call] | None = None,
) -> list[Call]:
    """``buffers.logits`` ← the network's output before its output activation; activations are kept.

    ``first`` are calls that compute the first layer's values in their own way.
    """
    calls: list[Call] = []
    if buffers.x_mask is not None:
        calls.append(partial(np.multiply, buffers.x, buffers.x_mask, buffers.x))
    inputs = _inputs(buffers)
    for layer, activation in enumerate(network.hidden):
        z, a, mask = buffers.z[layer], buffers.a[layer], buffers.mask[layer]
        matrix = layout.matrix(parameters, layer)
        own = first if layer == 0 else None
        calls += own or [product(transposed(matrix), inputs[layer], by_lane(z))]
        calls += batch_norms[layer].forward(z) if layer in batch_norms else []
        calls += activation.forward(buffers.values(layer))
        if mask is not None:
            calls.append(partial(np.multiply, a, mask, buffers.inputs[layer][:-1]))
    matrix = layout.matrix(parameters, layout.layers - 1)
    calls.append(product(transposed(matrix), inputs[-1], by_lane(buffers.logits)))
    return calls


def backward(
    network: Network,
    layout: Layout,
    vectors: tuple[Array, Array],
    buffers: Buffers,
    batch_norms: BatchNorms,
    scale: Array,
) -> list[Call]:
    """Gradient ← ``scale`` times the gradient of the summed row losses; destroys ``buffers.logits``.

    ``vectors`` are the parameters and the gradient.
    ``scale`` is 1/B for the mean; anything the optimizer would multiply the gradient by can be folded into it.
    """
    (parameters, gradient), delta, inputs = vectors, buffers.logits, _inputs(buffers)
    calls = network.cost.gradient(delta, buffers.y, buffers.narrow, buffers.wide)
    calls.append(partial(np.multiply, delta, scale, delta))
    if buffers.weights is not None:
        calls.append(partial(np.multiply, delta, buffers.weights, delta))
    for layer in range(layout.layers - 1, -1, -1):
        back = transposed(by_lane(delta))
        calls.append(product(inputs[layer], back, layout.matrix(gradient, layer)))
        if layer:
            below = buffers.delta[layer - 1]
            calls.append(product(layout.weight(parameters, layer), by_lane(delta), by_lane(below)))
            calls += _through_activation(network, layer - 1, buffers)
            calls += batch_norms[layer - 1].backward(below) if layer - 1 in batch_norms else []
            delta = below
    return calls


def _through_activation(network: Network, hidden: int, buffers: Buffers) -> list[Call]:
    """``buffers.delta[hidden]`` ← the derivative by z, from that by the layer's output."""
    delta, mask = buffers.delta[hidden], buffers.mask[hidden]
    calls: list[Call] = [] if mask is None else [partial(np.multiply, delta, mask, delta)]
    return calls + network.hidden[hidden].backward(buffers.values(hidden))
