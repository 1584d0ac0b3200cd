"""Activation functions f(z) and their derivatives f'(z), elementwise on z (B, J).

The formulas are those of docs/numerics.md, "Activations". At a kink f' is the slope of the left side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from math import erfc, pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.spec import ActivationSpec, variant_name

__all__ = ["ACTIVATIONS", "Activation", "activate", "derivative", "parameters", "sigmoid"]

Array = NDArray[np.float64]


def identity(z: Array) -> Array:
    """f(z) = z."""
    return z.copy()


def identity_slope(z: Array) -> Array:
    """f'(z) = 1."""
    return np.ones_like(z)


def sigmoid(z: Array) -> Array:
    """f(z) = 1/(1 + e^-z), which is e^z/(1 + e^z); the power that does not overflow is used."""
    power = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + power), power / (1 + power))


def sigmoid_slope(z: Array) -> Array:
    """f'(z) = f(z)(1 - f(z)), where 1 - f(z) = f(-z)."""
    return sigmoid(z) * sigmoid(-z)


def tanh(z: Array) -> Array:
    """f(z) = tanh z."""
    return np.tanh(z)


def tanh_slope(z: Array) -> Array:
    """f'(z) = 1 - tanh² z."""
    return 1 - np.tanh(z) ** 2


def relu(z: Array) -> Array:
    """f(z) = max(z, 0) (Nair & Hinton 2010)."""
    return np.maximum(z, 0)


def relu_slope(z: Array) -> Array:
    """f'(z) = 1 for z > 0, else 0."""
    return np.where(z > 0, 1.0, 0.0)


def leaky_relu(z: Array, negative_slope: float) -> Array:
    """f(z) = z for z > 0, else s·z (Maas et al. 2013)."""
    return np.where(z > 0, z, negative_slope * z)


def leaky_relu_slope(z: Array, negative_slope: float) -> Array:
    """f'(z) = 1 for z > 0, else s."""
    return np.where(z > 0, 1.0, negative_slope)


def elu(z: Array, alpha: float) -> Array:
    """f(z) = z for z > 0, else α(e^z - 1) (Clevert et al. 2016)."""
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_slope(z: Array, alpha: float) -> Array:
    """f'(z) = 1 for z > 0, else αe^z."""
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""The constants with which a layer keeps zero mean and unit variance (Klambauer et al. 2017)."""


def selu(z: Array) -> Array:
    """f(z) = 1.0507·elu(z) with α = 1.6733 (Klambauer et al. 2017)."""
    return SELU_SCALE * elu(z, SELU_ALPHA)


def selu_slope(z: Array) -> Array:
    """f'(z) = 1.0507·elu'(z) with α = 1.6733."""
    return SELU_SCALE * elu_slope(z, SELU_ALPHA)


def normal_distribution(z: Array) -> Array:
    """Φ(z) = erfc(-z/√2)/2, the standard normal distribution; erfc keeps the digits that 1 + erf would lose."""
    return np.array([erfc(-value / sqrt(2)) / 2 for value in z.ravel()]).reshape(z.shape)


def normal_density(z: Array) -> Array:
    """φ(z) = e^(-z²/2)/√(2π)."""
    return np.exp(-(z**2) / 2) / sqrt(2 * pi)


def gelu(z: Array) -> Array:
    """f(z) = zΦ(z) (Hendrycks & Gimpel 2016)."""
    return z * normal_distribution(z)


def gelu_slope(z: Array) -> Array:
    """f'(z) = Φ(z) + zφ(z)."""
    return normal_distribution(z) + z * normal_density(z)


def gelu_tanh(z: Array) -> Array:
    """f(z) = z(1 + tanh u)/2 with u = √(2/π)(z + 0.044715z³), an approximation of gelu (ibid.)."""
    t: Array = np.tanh(sqrt(2 / pi) * (z + 0.044715 * z**3))
    return z * (1 + t) / 2


def gelu_tanh_slope(z: Array) -> Array:
    """f'(z) = (1 + tanh u)/2 + z(1 - tanh² u)u'/2 with u' = √(2/π)(1 + 3·0.044715z²)."""
    t: Array = np.tanh(sqrt(2 / pi) * (z + 0.044715 * z**3))
    return (1 + t) / 2 + z * (1 - t**2) * sqrt(2 / pi) * (1 + 3 * 0.044715 * z**2) / 2


def softplus(z: Array) -> Array:
    """f(z) = log(1 + e^z) (Dugas et al. 2001)."""
    return np.logaddexp(0, z)


def softplus_slope(z: Array) -> Array:
    """f'(z) = 1/(1 + e^-z)."""
    return sigmoid(z)


def silu(z: Array) -> Array:
    """f(z) = z/(1 + e^-z) (Elfwing et al. 2018)."""
    return z * sigmoid(z)


def silu_slope(z: Array) -> Array:
    """f'(z) = σ + zσ(1 - σ), σ = 1/(1 + e^-z)."""
    return sigmoid(z) + z * sigmoid(z) * sigmoid(-z)


class Activation(NamedTuple):
    """A function and its derivative; both take z (B, J) and the parameters of the variant."""

    function: Callable[..., Array]
    slope: Callable[..., Array]


ACTIVATIONS = {
    "identity": Activation(identity, identity_slope),
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "tanh": Activation(tanh, tanh_slope),
    "relu": Activation(relu, relu_slope),
    "leaky_relu": Activation(leaky_relu, leaky_relu_slope),
    "elu": Activation(elu, elu_slope),
    "selu": Activation(selu, selu_slope),
    "gelu": Activation(gelu, gelu_slope),
    "gelu_tanh": Activation(gelu_tanh, gelu_tanh_slope),
    "softplus": Activation(softplus, softplus_slope),
    "silu": Activation(silu, silu_slope),
}


def parameters(variant: Any) -> dict[str, Any]:
    """The parameters of a variant of the specification; none where it is only a name."""
    return {} if isinstance(variant, str) else dataclasses.asdict(variant)


def activate(spec: ActivationSpec, z: Array) -> Array:
    """f(z) (B, J)."""
    return ACTIVATIONS[variant_name(spec)].function(z, **parameters(spec))


def derivative(spec: ActivationSpec, z: Array) -> Array:
    """f'(z) (B, J)."""
    return ACTIVATIONS[variant_name(spec)].slope(z, **parameters(spec))
