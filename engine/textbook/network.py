"""The network: dense → batch normalization → activation → dropout in every hidden layer, dense alone at the output.

Shapes: B rows of a batch, I inputs and J units of a layer. Each layer keeps what its forward pass saw; its backward
pass gets δ = ∂C₀/∂output (B, J), leaves the gradients of its parameters and returns ∂C₀/∂input (B, I).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import ActivationSpec, Experiment, PerLayer, layer_sizes
from engine.streams import Purpose, stream
from engine.textbook.activations import activate, derivative
from engine.textbook.initializers import initial_biases, initial_weights

__all__ = ["EPSILON", "MOMENTUM", "BatchNorm", "Layer", "Network", "Parameter", "from_tensors", "untrained"]

Array = NDArray[np.float64]

EPSILON = 1e-5
"""Constant that batch normalization adds to a variance."""
MOMENTUM = 0.1
"""Weight of a batch's statistics in the running ones."""


class Parameter:
    """An array that is trained, and the gradient that the last backward pass found for it."""

    def __init__(self, value: Array) -> None:
        self.value, self.gradient = value, np.zeros_like(value)


class BatchNorm:
    """Batch normalization (Ioffe & Szegedy 2015): γn + β with n = (z - mean)/√(variance + ε), all (J,).

    While training, mean and variance are the batch's; the running statistics follow them and take their place in
    evaluation and for a batch of one row, which has no variance. docs/numerics.md, "Optimizers".
    """

    def __init__(self, units: int) -> None:
        self.gamma, self.beta = Parameter(np.ones(units)), Parameter(np.zeros(units))
        self.running_mean, self.running_variance = np.zeros(units), np.ones(units)

    def forward(self, z: Array, *, training: bool) -> Array:
        """γn + β (B, J); running ← (1 - 0.1)·running + 0.1·batch, with the unbiased variance."""
        mean, variance = self.running_mean, self.running_variance
        if training and len(z) > 1:
            mean, variance = z.mean(axis=0), z.var(axis=0)
            self.running_mean = (1 - MOMENTUM) * self.running_mean + MOMENTUM * mean
            self.running_variance = (1 - MOMENTUM) * self.running_variance + MOMENTUM * z.var(axis=0, ddof=1)
        self.deviation = np.sqrt(variance + EPSILON)
        self.n = (z - mean) / self.deviation
        return self.gamma.value * self.n + self.beta.value

    def backward(self, delta: Array) -> Array:
        """∂C₀/∂z = γ/√(variance + ε) · (δ - mean δ - n · mean δn), the means over the batch.

        A batch of one row was normalized by constants: γ/√(variance + ε) · δ.
        """
        self.gamma.gradient = (delta * self.n).sum(axis=0)
        self.beta.gradient = delta.sum(axis=0)
        if len(delta) > 1:
            delta = delta - delta.mean(axis=0) - self.n * (delta * self.n).mean(axis=0)
        return self.gamma.value / self.deviation * delta


class Layer:
    """A layer with weights (I, J) and biases (J,): a = f(z) · mask, z = xW + b, perhaps normalized."""

    def __init__(
        self, weights: Array, biases: Array, activation: ActivationSpec, norm: BatchNorm | None
    ) -> None:
        self.weights, self.biases = Parameter(weights), Parameter(biases)
        self.activation, self.norm = activation, norm

    def forward(self, x: Array, mask: Array | None, *, training: bool) -> Array:
        """The outputs (B, J) for inputs x (B, I)."""
        self.x, self.mask = x, mask
        z = x @ self.weights.value + self.biases.value
        self.z = z if self.norm is None else self.norm.forward(z, training=training)
        a = activate(self.activation, self.z)
        return a if mask is None else a * mask

    def backward(self, delta: Array) -> Array:
        """Backpropagation: δ ← δ · mask · f'(z); ∂C₀/∂W = xᵀδ, ∂C₀/∂b = Σδ over the rows, ∂C₀/∂x = δWᵀ."""
        delta = delta if self.mask is None else delta * self.mask
        delta = delta * derivative(self.activation, self.z)
        if self.norm is not None:
            delta = self.norm.backward(delta)
        self.weights.gradient = self.x.T @ delta
        self.biases.gradient = delta.sum(axis=0)
        return delta @ self.weights.value.T


Masks = Sequence[Array | None]
"""The dropout mask (B, J) of every hidden layer, 1/(1 - p) or 0; None if a layer has no dropout."""


@dataclass
class Network:
    """Hidden layers and, last, the output layer, which gives the logits."""

    layers: list[Layer]

    def forward(self, x: Array, masks: Masks = (), *, training: bool = False) -> Array:
        """Logits (B, O) of x (B, I). Evaluation has no masks, and normalizes by the running statistics."""
        a = x
        for number, layer in enumerate(self.layers):
            a = layer.forward(a, masks[number] if number < len(masks) else None, training=training)
        return a

    def backward(self, delta: Array) -> None:
        """Gradients of every parameter, from ∂C₀/∂logits (B, O)."""
        for layer in reversed(self.layers):
            delta = layer.backward(delta)

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Every array that is trained: weights, biases, γ and β, layer by layer."""
        for layer in self.layers:
            yield from (layer.weights, layer.biases)
            if layer.norm is not None:
                yield from (layer.norm.gamma, layer.norm.beta)


def untrained(experiment: Experiment, features: int, outputs: int) -> Network:
    """The network before its first step: weights, then biases, drawn layer by layer from one stream."""
    random = stream(experiment.seed or 0, Purpose.WEIGHTS)
    hidden, sizes = experiment.architecture, layer_sizes(experiment, features, outputs)
    last = experiment.init.layers[-1] if isinstance(experiment.init, PerLayer) else experiment.init
    inits: list[Any] = [*(layer.init for layer in hidden), last]
    layers = []
    for number, init in enumerate(inits):
        fan_in, fan_out = sizes[number], sizes[number + 1]
        weights = initial_weights(init, fan_in, fan_out, random)
        biases = initial_biases(init, experiment.bias_init, fan_out, random)
        if number == len(hidden):
            layers.append(Layer(weights, biases, "identity", None))
        else:
            norm = BatchNorm(fan_out) if hidden[number].batch_norm else None
            layers.append(Layer(weights, biases, hidden[number].activation or "identity", norm))
    return Network(layers)


def from_tensors(experiment: Experiment, tensors: Mapping[str, Array]) -> Network:
    """The network that exported tensors describe, which are named as in torch.nn.Sequential: ``init`` "given".

    A Linear has a ``weight`` (J, I). The BatchNorm1d that may follow has a ``weight`` (J,) and running statistics.
    """
    layers: list[Layer] = []
    for number in sorted(int(name.removesuffix(".weight")) for name in tensors if name.endswith(".weight")):
        weight = tensors[f"{number}.weight"].astype(np.float64)
        bias = tensors[f"{number}.bias"].astype(np.float64)
        if weight.ndim == 2:
            layers.append(Layer(weight.T, bias, "identity", None))
        else:
            norm = layers[-1].norm = BatchNorm(len(weight))
            norm.gamma.value, norm.beta.value = weight, bias
            norm.running_mean = tensors[f"{number}.running_mean"].astype(np.float64)
            norm.running_variance = tensors[f"{number}.running_var"].astype(np.float64)
    for layer, hidden in zip(layers, experiment.architecture, strict=False):
        layer.activation = hidden.activation or "identity"
    return Network(layers)
