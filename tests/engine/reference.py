"""The slow, obvious network that the fast one is proved against: docs/numerics.md in plain float64 NumPy.

Shapes: B rows of a batch, I and J units below and above a layer's weights, O outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import Experiment, variant_name
from tests.engine.formulas import activate, derivative, loss_gradient, row_losses

Array = NDArray[Any]

EPSILON = 1e-5
"""What batch normalization adds to a variance."""
MOMENTUM = 0.1
"""How far running statistics move towards those of a batch."""


@dataclass
class Parameter:
    """One array of parameters with its optimizer's memory, which is 0 at first."""

    value: Array
    memory: dict[str, Array] = field(default_factory=dict)

    def recall(self, name: str) -> Array:
        return self.memory.get(name, np.zeros_like(self.value))


@dataclass
class Normalization:
    """Batch normalization of a hidden layer, (J,) each: γ(z - mean)/√(variance + ε) + β."""

    gamma: Parameter
    beta: Parameter
    mean: Array
    variance: Array

    @classmethod
    def of(cls, units: int) -> "Normalization":
        return cls(Parameter(np.ones(units)), Parameter(np.zeros(units)), np.zeros(units), np.ones(units))


@dataclass
class Trace:
    """What the forward pass of one batch leaves for the backward pass, layer by layer.

    ``inputs`` (B, I) is what a layer sees; ``z`` (B, J) what its activation sees; ``normal`` (B, J) and ``deviation``
    (J,) are (z - mean)/deviation and the deviation, of layers with batch normalization.
    """

    inputs: list[Array] = field(default_factory=list)
    z: list[Array] = field(default_factory=list)
    normal: dict[int, Array] = field(default_factory=dict)
    deviation: dict[int, Array] = field(default_factory=dict)


@dataclass
class Gradients:
    """Derivatives of the mean data loss; those by γ and β by the number of their layer."""

    weights: list[Array]
    biases: list[Array]
    gammas: dict[int, Array]
    betas: dict[int, Array]

    def norm(self) -> float:
        """The Euclidean norm over all parameters."""
        every = (*self.weights, *self.biases, *self.gammas.values(), *self.betas.values())
        return sqrt(sum(float((gradient**2).sum()) for gradient in every))


Masks = Sequence[Array | None] | None
"""The dropout masks (B, J) of every hidden layer, 1/(1 - p) or 0; None keeps everything."""


@dataclass
class Reference:
    """A network given as weights (I, J), biases (J,) and the normalization of some hidden layers, trained step by step.

    ``rows`` n are those of the training split, by which λ is divided.
    """

    experiment: Experiment
    weights: list[Parameter]
    biases: list[Parameter]
    rows: int
    norms: dict[int, Normalization] = field(default_factory=dict)
    steps: int = 0

    # ---- Forward

    def forward(self, x: Array, masks: Masks = None, *, training: bool = False) -> Trace:
        """Pass a batch x (B, I) through every layer; ``training`` normalizes it by its own statistics."""
        trace, a, last = Trace(), x, len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            trace.inputs.append(a)
            z = a @ weight.value + bias.value
            if layer in self.norms:
                z = self.normalized(layer, z, trace, training=training)
            trace.z.append(z)
            if layer < last:
                a = activate(self.experiment.architecture[layer].activation, z)
                mask = masks[layer] if masks else None
                a = a if mask is None else a * mask
        return trace

    def normalized(self, layer: int, z: Array, trace: Trace, *, training: bool) -> Array:
        """γ(z - mean)/√(variance + ε) + β, by the batch's statistics, or by the running ones for a single row."""
        norm = self.norms[layer]
        mean, variance = norm.mean, norm.variance
        if training and len(z) > 1:
            mean, variance = z.mean(axis=0), z.var(axis=0)
            norm.mean = (1 - MOMENTUM) * norm.mean + MOMENTUM * mean
            norm.variance = (1 - MOMENTUM) * norm.variance + MOMENTUM * z.var(axis=0, ddof=1)
        trace.deviation[layer] = np.sqrt(variance + EPSILON)
        trace.normal[layer] = (z - mean) / trace.deviation[layer]
        return np.asarray(norm.gamma.value * trace.normal[layer] + norm.beta.value)

    def logits(self, x: Array) -> Array:
        """(B, O), as in evaluation: without dropout, normalized by the running statistics."""
        return self.forward(x).z[-1]

    def loss(self, x: Array, y: Array) -> float:
        """The mean row loss."""
        return float(row_losses(self.experiment.loss, self.experiment.output, self.logits(x), y).mean())

    # ---- Backward

    def gradients(
        self, x: Array, y: Array, masks: Masks = None, row_weights: Array | None = None
    ) -> Gradients:
        """Gradients of the mean data loss of a batch; ``row_weights`` (B,) multiply the losses of its rows."""
        trace = self.forward(x, masks, training=True)
        delta = loss_gradient(self.experiment.loss, self.experiment.output, trace.z[-1], y) / len(x)
        if row_weights is not None:
            delta = delta * row_weights[:, None]
        found = Gradients([], [], {}, {})
        for layer in reversed(range(len(self.weights))):
            if layer in self.norms:
                delta = self.through_normalization(layer, delta, trace, found)
            found.weights.insert(0, trace.inputs[layer].T @ delta)
            found.biases.insert(0, delta.sum(axis=0))
            if layer:
                delta = delta @ self.weights[layer].value.T
                mask = masks[layer - 1] if masks else None
                delta = delta if mask is None else delta * mask
                spec = self.experiment.architecture[layer - 1].activation
                delta = delta * derivative(spec, trace.z[layer - 1])
        return found

    def through_normalization(self, layer: int, delta: Array, trace: Trace, found: Gradients) -> Array:
        """The derivative by what batch normalization gets, from that by what it gives, (B, J) both.

        With n = (z - mean)/deviation: γ/deviation · (δ - mean of δ - n · mean of δn), the means over the batch; of a
        single row, which the running statistics normalize, γ/deviation · δ.
        """
        normal, scale = trace.normal[layer], self.norms[layer].gamma.value / trace.deviation[layer]
        found.gammas[layer] = (delta * normal).sum(axis=0)
        found.betas[layer] = delta.sum(axis=0)
        if len(delta) == 1:
            return np.asarray(scale * delta)
        return np.asarray(scale * (delta - delta.mean(axis=0) - normal * (delta * normal).mean(axis=0)))

    # ---- One step

    def penalty_of(self, layer: int) -> tuple[float, float]:
        """(λρ/n, λ(1 - ρ)/n) of a layer's weights."""
        spec = self.experiment
        kind, strength, ratio = spec.penalty, spec.lambda_, spec.l1_ratio
        if layer < len(spec.architecture) and (own := spec.architecture[layer].penalty) is not None:
            kind, strength = variant_name(own), getattr(own, "lambda_", 0.0)
            ratio = getattr(own, "l1_ratio", 0.0)
        share = {"none": 0.0, "l1": 1.0, "l2": 0.0, "elastic_net": ratio}[kind]
        strength = 0.0 if kind == "none" else strength / self.rows
        return strength * share, strength * (1 - share)

    def penalty(self) -> float:
        """Σ over the layers of λρ/n Σ|w| + λ(1 - ρ)/2n Σw²."""
        total = 0.0
        for layer, weight in enumerate(self.weights):
            l1, l2 = self.penalty_of(layer)
            total += l1 * float(np.abs(weight.value).sum()) + l2 / 2 * float((weight.value**2).sum())
        return total

    def step(
        self,
        x: Array,
        y: Array,
        masks: Masks = None,
        row_weights: Array | None = None,
        rate: float | None = None,
    ) -> float:
        """Train on one batch at this learning rate, the optimizer's own if none; the data gradient's norm."""
        data = self.gradients(x, y, masks, row_weights)
        rate = self.experiment.optimizer.learning_rate if rate is None else rate
        proximal = self.experiment.l1_update == "proximal"
        smooth, thresholds = [], []
        for layer, weight in enumerate(self.weights):
            l1, l2 = self.penalty_of(layer)
            subgradient = 0.0 if proximal else l1 * np.sign(weight.value)
            smooth.append(data.weights[layer] + l2 * weight.value + subgradient)
            thresholds.append(l1 if proximal else 0.0)
        factor = self.clipping(Gradients(smooth, data.biases, data.gammas, data.betas).norm())
        self.steps += 1
        for weight, gradient, threshold in zip(self.weights, smooth, thresholds, strict=True):
            weight.value = (1 - rate * getattr(self.experiment.optimizer, "weight_decay", 0.0)) * weight.value
            self.update(weight, factor * gradient, rate, factor * threshold)
        for parameter, gradient in self.unpenalized(data):
            self.update(parameter, factor * gradient, rate, 0.0)
        self.bound_norms()
        return data.norm()

    def unpenalized(self, data: Gradients) -> Iterator[tuple[Parameter, Array]]:
        """Biases, γ and β, each with its gradient."""
        yield from zip(self.biases, data.biases, strict=True)
        for layer, norm in self.norms.items():
            yield norm.gamma, data.gammas[layer]
            yield norm.beta, data.betas[layer]

    def clipping(self, norm: float) -> float:
        """min(1, c/‖g‖), 1 without a limit c."""
        limit = self.experiment.clip_norm
        return 1.0 if limit is None or norm <= limit else limit / norm

    def bound_norms(self) -> None:
        """The incoming weights of every unit times min(1, c/‖w‖)."""
        limit = self.experiment.max_norm
        if limit is None:
            return
        for weight in self.weights:
            norms = np.sqrt((weight.value**2).sum(axis=0))
            weight.value = weight.value * np.where(norms > limit, limit / np.maximum(norms, limit), 1.0)

    def update(self, parameter: Parameter, gradient: Array, rate: float, l1: float) -> None:
        """One step of the optimizer on one array; l1 is κ of docs/numerics.md, 0 where nothing shrinks."""
        spec = self.experiment.optimizer
        UPDATES[spec.name](spec, parameter, gradient, rate, l1, self.steps)


# ---- Optimizers: parameters w, gradient g, rate η, κ of the proximal step, and the number t of the step, from 1.


def soft(z: Array, threshold: Array | float) -> Array:
    """sgn(z)·max(|z| - threshold, 0)."""
    return np.asarray(np.sign(z) * np.maximum(np.abs(z) - threshold, 0))


def sgd(spec: Any, parameter: Parameter, g: Array, rate: float, l1: float, t: int) -> None:
    """v ← μv + g; z = w - ηv, Nesterov: w - η(g + μv); w ← soft(z, reach·κ), reach η or η(1 + μ).

    v gets back what the proximal step took: v ← v + (z - w)/reach.
    """
    v = spec.momentum * parameter.recall("v") + g
    direction = g + spec.momentum * v if spec.nesterov else v
    reach = rate * (1 + spec.momentum) if spec.nesterov else rate
    z = parameter.value - rate * direction
    parameter.value = soft(z, reach * l1)
    parameter.memory["v"] = v + (z - parameter.value) / reach if reach else v


def adagrad(spec: Any, parameter: Parameter, g: Array, rate: float, l1: float, t: int) -> None:
    """s ← s + g²; D = 1/(√s + ε); w ← soft(w - ηDg, ηDκ)."""
    s = parameter.recall("s") + g**2
    scale = 1 / (np.sqrt(s) + spec.epsilon)
    parameter.value = soft(parameter.value - rate * scale * g, rate * scale * l1)
    parameter.memory["s"] = s


def rmsprop(spec: Any, parameter: Parameter, g: Array, rate: float, l1: float, t: int) -> None:
    """s ← ρs + (1 - ρ)g², centered: less the square of m ← ρm + (1 - ρ)g; D = 1/(√s + ε).

    v ← μv + Dg; z = w - ηv; w ← soft(z, ηDκ); v ← v + (z - w)/η.
    """
    s = spec.rho * parameter.recall("s") + (1 - spec.rho) * g**2
    m = spec.rho * parameter.recall("m") + (1 - spec.rho) * g
    scale = 1 / (np.sqrt(np.abs(s - m**2) if spec.centered else s) + spec.epsilon)
    v = spec.momentum * parameter.recall("v") + scale * g
    z = parameter.value - rate * v
    parameter.value = soft(z, rate * scale * l1)
    parameter.memory.update(s=s, m=m, v=v + (z - parameter.value) / rate if rate else v)


def adam(spec: Any, parameter: Parameter, g: Array, rate: float, l1: float, t: int) -> None:
    """m ← β₁m + (1 - β₁)g; s ← β₂s + (1 - β₂)g²; D = 1/(√(s/(1 - β₂ᵗ)) + ε); w ← soft(w - ηDm/(1 - β₁ᵗ), ηDκ)."""
    m = spec.beta1 * parameter.recall("m") + (1 - spec.beta1) * g
    s = spec.beta2 * parameter.recall("s") + (1 - spec.beta2) * g**2
    scale = 1 / (np.sqrt(s / (1 - spec.beta2**t)) + spec.epsilon)
    z = parameter.value - rate * scale * m / (1 - spec.beta1**t)
    parameter.value = soft(z, rate * scale * l1)
    parameter.memory.update(m=m, s=s)


UPDATES: dict[str, Callable[[Any, Parameter, Array, float, float, int], None]] = {
    "sgd": sgd,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
}
