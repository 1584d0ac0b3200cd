"""The slow, obvious trainer that the fast one is proved against: formulas as docs/numerics.md has them, float64."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import Experiment, variant_name
from tests.engine.formulas import ACTIVATIONS, derivative, loss_gradient, row_losses

Array = NDArray[Any]


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
                spec = self.experiment.architecture[layer].activation
                a = ACTIVATIONS[variant_name(spec)](spec, logits[-1])
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
                spec = self.experiment.architecture[layer - 1].activation
                delta = (back if mask is None else back * mask) * derivative(spec, logits[layer - 1])
        return of_weights, of_biases

    def strengths(self, layer: int) -> tuple[float, float]:
        """(λρ/n, λ(1-ρ)/n) of a layer's weights."""
        spec = self.experiment
        kind, strength, ratio = spec.penalty, spec.lambda_, spec.l1_ratio
        if layer < len(spec.architecture) and (own := spec.architecture[layer].penalty) is not None:
            kind, strength = variant_name(own), getattr(own, "lambda_", 0.0)
            ratio = getattr(own, "l1_ratio", 0.0)
        share = {"none": 0.0, "l1": 1.0, "l2": 0.0, "elastic_net": ratio}[kind]
        strength = 0.0 if kind == "none" else strength / self.rows
        return strength * share, strength * (1 - share)

    def step(self, x: Array, y: Array, masks: Sequence[Array | None] | None = None) -> None:
        of_weights, of_biases = self.gradients(x, y, masks)
        self.steps += 1
        proximal = self.experiment.l1_update == "proximal"
        strengths = [self.strengths(layer) for layer in range(len(self.weights))]
        smooth = [
            gradient + l2 * weight.value + (0.0 if proximal else l1) * np.sign(weight.value)
            for weight, gradient, (l1, l2) in zip(self.weights, of_weights, strengths, strict=True)
        ]
        factor = self.clipping([*smooth, *of_biases])
        for weight, gradient, (l1, _) in zip(self.weights, smooth, strengths, strict=True):
            decay = self.experiment.optimizer.learning_rate * getattr(
                self.experiment.optimizer, "weight_decay", 0.0
            )
            weight.value = (1 - decay) * weight.value
            self.update(weight, factor * gradient, factor * l1 if proximal else 0.0)
        for bias, gradient in zip(self.biases, of_biases, strict=True):
            self.update(bias, factor * gradient, 0.0)
        self.bound()

    def clipping(self, gradients: list[Array]) -> float:
        norm = sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
        limit = self.experiment.clip_norm
        return 1.0 if limit is None else min(1.0, limit / norm)

    def bound(self) -> None:
        if (limit := self.experiment.max_norm) is not None:
            for weight in self.weights:
                norms = np.sqrt((weight.value**2).sum(axis=0))
                weight.value = weight.value * np.minimum(1, limit / norms)

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


def adagrad(spec: Any, parameter: Parameter, g: Array, l1: float, t: int) -> None:
    total = parameter.recall("total") + g**2
    parameter.memory["total"] = total
    scale = 1 / (np.sqrt(total) + spec.epsilon)
    parameter.value = soft(parameter.value - spec.learning_rate * scale * g, spec.learning_rate * scale * l1)


def rmsprop(spec: Any, parameter: Parameter, g: Array, l1: float, t: int) -> None:
    square = spec.rho * parameter.recall("square") + (1 - spec.rho) * g**2
    mean = spec.rho * parameter.recall("mean") + (1 - spec.rho) * g
    scale = 1 / (np.sqrt(square - mean**2 if spec.centered else square) + spec.epsilon)
    w, rate = parameter.value, spec.learning_rate
    parameter.value = soft(w - rate * (spec.momentum * parameter.recall("v") + scale * g), rate * scale * l1)
    parameter.memory.update(square=square, mean=mean, v=(w - parameter.value) / rate)


UPDATES: dict[str, Callable[[Any, Parameter, Array, float, int], None]] = {
    "sgd": sgd,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
}
