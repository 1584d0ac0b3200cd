"""The formulas of docs/numerics.md for activations and losses, written down plainly in float64."""

from collections.abc import Callable
from math import erf, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import LossSpec, variant_name

Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    power = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + power), power / (1 + power))


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def normal(z: Array) -> Array:
    return np.array([(1 + erf(value / sqrt(2))) / 2 for value in z.ravel()]).reshape(z.shape)


def gelu_tanh(z: Array) -> Array:
    return np.asarray(z * (1 + np.tanh(sqrt(2 / pi) * (z + 0.044715 * z**3))) / 2)


def exponential(z: Array, alpha: float, scale: float = 1.0) -> Array:
    return np.asarray(scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))))


def slope(function: Callable[[Array], Array], z: Array, width: float = 1e-5) -> Array:
    """A central difference, where the derivative is not worth writing down."""
    return (function(z + width) - function(z - width)) / (2 * width)


ACTIVATIONS: dict[str, Callable[[Any, Array], Array]] = {
    "identity": lambda spec, z: z.copy(),
    "sigmoid": lambda spec, z: sigmoid(z),
    "tanh": lambda spec, z: np.tanh(z),
    "relu": lambda spec, z: np.where(z > 0, z, 0),
    "leaky_relu": lambda spec, z: np.where(z > 0, z, spec.negative_slope * z),
    "elu": lambda spec, z: exponential(z, spec.alpha),
    "selu": lambda spec, z: exponential(z, 1.6732632423543772, 1.0507009873554805),
    "gelu": lambda spec, z: z * normal(z),
    "gelu_tanh": lambda spec, z: gelu_tanh(z),
    "softplus": lambda spec, z: np.logaddexp(0, z),
    "silu": lambda spec, z: z * sigmoid(z),
}
SLOPES: dict[str, Callable[[Any, Array], Array]] = {
    "identity": lambda spec, z: np.ones_like(z),
    "sigmoid": lambda spec, z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda spec, z: 1 - np.tanh(z) ** 2,
    "relu": lambda spec, z: np.where(z > 0, 1.0, 0.0),
    "leaky_relu": lambda spec, z: np.where(z > 0, 1.0, spec.negative_slope),
    "softplus": lambda spec, z: sigmoid(z),
}

OUTPUTS: dict[str, Callable[[Array], Array]] = {
    "identity": np.copy,
    "sigmoid": sigmoid,
    "softmax": softmax,
}


def row_losses(loss: LossSpec, output: str, z: Array, y: Array) -> Array:
    """ℓ of every row (B,) from logits and targets (B, O)."""
    terms: Array = LOSSES[variant_name(loss)](loss, OUTPUTS[output](z), y)
    mean = loss == "mean_squared_error" or getattr(loss, "reduction", "sum") == "mean"
    return np.asarray(terms.mean(axis=1) if mean else terms.sum(axis=1))


def huber(delta: float, r: Array) -> Array:
    return np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2))


LOSSES: dict[str, Callable[[Any, Array, Array], Array]] = {
    "cross_entropy": lambda spec, a, y: -y * np.log(a),
    "binary_cross_entropy": lambda spec, a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)),
    "squared_error": lambda spec, a, y: (a - y) ** 2 / 2,
    "mean_squared_error": lambda spec, a, y: (a - y) ** 2,
    "absolute_error": lambda spec, a, y: np.abs(a - y),
    "huber": lambda spec, a, y: huber(spec.delta, a - y),
}


def loss_gradient(loss: LossSpec, output: str, z: Array, y: Array) -> Array:
    """dℓ/dz (B, O)."""
    a = OUTPUTS[output](z)
    mean = loss == "mean_squared_error" or getattr(loss, "reduction", "sum") == "mean"
    by_logit = GRADIENTS[variant_name(loss)](loss, a, y)
    if output == "sigmoid" and variant_name(loss) != "binary_cross_entropy":
        by_logit = by_logit * a * (1 - a)
    return np.asarray(by_logit / (z.shape[1] if mean else 1))


GRADIENTS: dict[str, Callable[[Any, Array, Array], Array]] = {
    "cross_entropy": lambda spec, a, y: a - y,
    "binary_cross_entropy": lambda spec, a, y: a - y,
    "squared_error": lambda spec, a, y: a - y,
    "mean_squared_error": lambda spec, a, y: 2 * (a - y),
    "absolute_error": lambda spec, a, y: np.sign(a - y),
    "huber": lambda spec, a, y: np.clip(a - y, -spec.delta, spec.delta),
}


def derivative(spec: Any, z: Array) -> Array:
    if variant_name(spec) in SLOPES:
        return SLOPES[variant_name(spec)](spec, z)
    return slope(lambda values: ACTIVATIONS[variant_name(spec)](spec, values), z)
