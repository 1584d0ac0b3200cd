"""The network of a stack: which layers it has, and the calls of its forward and backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.activations import ACTIVATIONS, Activation
from engine.calls import Array, Call, product, transposed
from engine.layout import Layout
from engine.losses import LOSSES, Loss
from engine.spec import Experiment, layer_sizes

__all__ = ["Buffers", "Network", "backward", "forward"]


@dataclass(frozen=True)
class Network:
    """The shape that all lanes of a stack share."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    dropout: tuple[float, ...]
    loss: str
    output: str

    @classmethod
    def of(cls, experiment: Experiment, features: int, outputs: int) -> Network:
        """The network of a resolved experiment."""
        return cls(
            sizes=layer_sizes(experiment, features, outputs),
            activations=tuple(layer.activation or "" for layer in experiment.architecture),
            dropout=tuple(layer.dropout for layer in experiment.architecture),
            loss=experiment.loss,
            output=experiment.output,
        )

    @property
    def hidden(self) -> tuple[Activation, ...]:
        """The activation of every hidden layer."""
        return tuple(ACTIVATIONS[name] for name in self.activations)

    @property
    def cost(self) -> Loss:
        """The loss together with the output activation."""
        return LOSSES[self.loss, self.output]


@dataclass(frozen=True, slots=True)
class Buffers:
    """Arrays of one pass over B rows, each with the leading lane axis where there are several lanes.

    ``x`` (B, I) and ``y`` (B, O) are the batch. Per hidden layer: ``z`` and ``a`` (B, units), one array where the
    derivative needs no z; ``kept`` (B, units), a after dropout (``a`` itself without); ``mask`` (B, units), 0 or
    1/(1-p), or None. ``logits`` (O, B) are class-major. Of a backward pass: ``delta`` (B, units) per hidden layer,
    ``scratch`` (B, units) per hidden layer, ``narrow`` (1, B), ``wide`` (O, B), ``ones`` (1, B).
    """

    x: Array
    y: Array
    z: Sequence[Array]
    a: Sequence[Array]
    kept: Sequence[Array]
    mask: Sequence[Array | None]
    logits: Array
    delta: Sequence[Array]
    scratch: Sequence[Array]
    narrow: Array
    wide: Array
    ones: Array


def forward(network: Network, layout: Layout, parameters: Array, buffers: Buffers) -> list[Call]:
    """``buffers.logits`` ← the network's output before its output activation; activations are kept."""
    calls: list[Call] = []
    below = buffers.x
    for layer, activation in enumerate(network.hidden):
        z, a, mask = buffers.z[layer], buffers.a[layer], buffers.mask[layer]
        calls.append(product(below, layout.weight(parameters, layer), z))
        calls.append(partial(np.add, z, layout.bias(parameters, layer), out=z))
        calls += activation.forward(z, a)
        below = buffers.kept[layer]
        if mask is not None:
            calls.append(partial(np.multiply, a, mask, out=below))
    last, logits = layout.layers - 1, buffers.logits
    calls.append(product(transposed(layout.weight(parameters, last)), transposed(below), logits))
    calls.append(partial(np.add, logits, transposed(layout.bias(parameters, last)), out=logits))
    return calls


def backward(
    network: Network, layout: Layout, parameters: Array, gradient: Array, buffers: Buffers, scale: Array
) -> list[Call]:
    """``gradient`` ← ``scale`` times the gradient of the summed row losses; destroys ``buffers.logits``.

    ``scale`` is 1/B for the mean; anything the optimizer would multiply the gradient by can be folded into it.
    """
    logits, last = buffers.logits, layout.layers - 1
    calls = network.cost.gradient(logits, buffers.y, buffers.narrow, buffers.wide)
    calls.append(partial(np.multiply, logits, scale, out=logits))
    delta = transposed(logits)
    for layer in range(last, -1, -1):
        below = buffers.kept[layer - 1] if layer else buffers.x
        calls.append(product(transposed(below), delta, layout.weight(gradient, layer)))
        calls.append(product(buffers.ones, delta, layout.bias(gradient, layer)))
        if layer:
            weight = layout.weight(parameters, layer)
            calls += _through_layer(network.hidden[layer - 1], layer - 1, weight, delta, buffers)
            delta = buffers.delta[layer - 1]
    return calls


def _through_layer(
    activation: Activation, hidden: int, weight: Array, delta: Array, buffers: Buffers
) -> list[Call]:
    """``buffers.delta[hidden]`` ← the loss's derivative by the hidden layer's z, from that of the layer above."""
    below, mask = buffers.delta[hidden], buffers.mask[hidden]
    calls = [product(delta, transposed(weight), below)]
    if mask is not None:
        calls.append(partial(np.multiply, below, mask, out=below))
    return calls + activation.backward(below, buffers.z[hidden], buffers.a[hidden], buffers.scratch[hidden])
