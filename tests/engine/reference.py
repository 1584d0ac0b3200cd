"""The slow, obvious trainer that the fast one is proved against: formulas as docs/numerics.md has them, float64."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import Experiment

Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    power = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + power), power / (1 + power))


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "identity": (np.copy, np.ones_like),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
}

OUTPUTS: dict[str, Callable[[Array], Array]] = {
    "identity": np.copy,
    "sigmoid": sigmoid,
    "softmax": softmax,
}


def row_losses(loss: str, output: str, z: Array, y: Array) -> Array:
    """ℓ of every row (B,) from logits and targets (B, O)."""
    a = OUTPUTS[output](z)
    losses: Array = LOSSES[loss](a, y).sum(axis=1)
    return losses


LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "cross_entropy": lambda a, y: -y * np.log(a),
    "binary_cross_entropy": lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)),
    "squared_error": lambda a, y: (a - y) ** 2 / 2,
}


def loss_gradient(loss: str, output: str, z: Array, y: Array) -> Array:
    """dℓ/dz (B, O)."""
    a = OUTPUTS[output](z)
    if loss == "squared_error" and output == "sigmoid":
        return np.asarray((a - y) * a * (1 - a))
    return a - y


def soft(z: Array, threshold: Array | float) -> Array:
    return np.asarray(np.sign(z) * np.maximum(np.abs(z) - threshold, 0))


@dataclass
class Parameter:
    """One array of weights or biases with its optimizer's memory."""

    value: Array
    memory: dict[str, Array] = field(default_factory=dict)

    def recall(self, name: str) -> Array:
        return self.memory.get(name, np.zeros_like(self.value))


@dataclass
class Reference:
    """A network given as weights (fan_in, fan_out) and biases (fan_out,), trained step by step."""

    experiment: Experiment
    weights: list[Parameter]
    biases: list[Parameter]
    rows: int
    steps: int = 0

    def forward(
        self, x: Array, masks: Sequence[Array | None] | None = None
    ) -> tuple[list[Array], list[Array]]:
        """(pre-activations of every layer, inputs of every layer)."""
        inputs, logits = [x], []
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            logits.append(inputs[-1] @ weight.value + bias.value)
            if layer < len(self.experiment.architecture):
                a = ACTIVATIONS[str(self.experiment.architecture[layer].activation)][0](logits[-1])
                mask = masks[layer] if masks else None
                inputs.append(a if mask is None else a * mask)
        return logits, inputs

    def loss(self, x: Array, y: Array) -> float:
        logits = self.forward(x)[0][-1]
        return float(row_losses(self.experiment.loss, self.experiment.output, logits, y).mean())

    def gradients(
        self, x: Array, y: Array, masks: Sequence[Array | None] | None = None
    ) -> tuple[list[Array], list[Array]]:
        """Gradients of the mean data loss by weights and by biases."""
        logits, inputs = self.forward(x, masks)
        delta = loss_gradient(self.experiment.loss, self.experiment.output, logits[-1], y) / len(x)
        of_weights: list[Array] = []
        of_biases: list[Array] = []
        for layer in range(len(self.weights) - 1, -1, -1):
            of_weights.insert(0, inputs[layer].T @ delta)
            of_biases.insert(0, delta.sum(axis=0))
            if layer:
                mask = masks[layer - 1] if masks else None
                back = delta @ self.weights[layer].value.T
                slope = ACTIVATIONS[str(self.experiment.architecture[layer - 1].activation)][1]
                delta = (back if mask is None else back * mask) * slope(logits[layer - 1])
        return of_weights, of_biases

    def strengths(self) -> tuple[float, float]:
        """(λρ/n, λ(1-ρ)/n)."""
        ratio = {"none": 0.0, "l1": 1.0, "l2": 0.0, "elastic_net": self.experiment.l1_ratio}
        share = ratio[self.experiment.penalty]
        strength = 0.0 if self.experiment.penalty == "none" else self.experiment.lambda_ / self.rows
        return strength * share, strength * (1 - share)

    def step(self, x: Array, y: Array, masks: Sequence[Array | None] | None = None) -> None:
        of_weights, of_biases = self.gradients(x, y, masks)
        self.steps += 1
        l1, l2 = self.strengths()
        for weight, gradient in zip(self.weights, of_weights, strict=True):
            proximal = self.experiment.l1_update == "proximal"
            smooth = gradient + l2 * weight.value + (0.0 if proximal else l1) * np.sign(weight.value)
            self.update(weight, smooth, l1 if proximal else 0.0)
        for bias, gradient in zip(self.biases, of_biases, strict=True):
            self.update(bias, gradient, 0.0)

    def update(self, parameter: Parameter, gradient: Array, l1: float) -> None:
        UPDATES[self.experiment.optimizer.name](
            self.experiment.optimizer, parameter, gradient, l1, self.steps
        )


def sgd(spec: Any, parameter: Parameter, g: Array, l1: float, t: int) -> None:
    rate, momentum, w, v = spec.learning_rate, spec.momentum, parameter.value, parameter.recall("v")
    if spec.nesterov:
        reach = rate * (1 + momentum)
        z = w - rate * ((1 + momentum) * g + momentum**2 * v)
        parameter.value = soft(z, reach * l1)
        parameter.memory["v"] = momentum * v + g + (z - parameter.value) / reach
    else:
        parameter.value = soft(w - rate * (momentum * v + g), rate * l1)
        parameter.memory["v"] = (w - parameter.value) / rate


def adam(spec: Any, parameter: Parameter, g: Array, l1: float, t: int) -> None:
    m = spec.beta1 * parameter.recall("m") + (1 - spec.beta1) * g
    v = spec.beta2 * parameter.recall("v") + (1 - spec.beta2) * g**2
    parameter.memory.update(m=m, v=v)
    scale = 1 / (np.sqrt(v / (1 - spec.beta2**t)) + spec.epsilon)
    z = parameter.value - spec.learning_rate * scale * m / (1 - spec.beta1**t)
    parameter.value = soft(z, spec.learning_rate * scale * l1)


UPDATES: dict[str, Callable[[Any, Parameter, Array, float, int], None]] = {"sgd": sgd, "adam": adam}
