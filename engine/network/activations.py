"""Activations of the hidden layers: one table, each entry a forward and a backward kernel.

``forward`` computes a ← f(z), ``backward`` then delta ← delta · f'(z). Both may overwrite everything but what they are
asked for. Where ``keeps_slope`` holds, the forward kernel leaves f'(z) in z; else the derivative is a function of a
alone, and ``a`` may be the very array ``z``.

The same in plain NumPy: engine/textbook/activations.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import pi, sqrt
from typing import Any

import numpy as np

from engine.kernels import Array, Call, constant, larger, smaller
from engine.network.gaussian import density, distribution
from engine.spec import ActivationSpec, variant_name

__all__ = ["ACTIVATIONS", "Activation", "Values", "activation", "logistic"]


@dataclass(frozen=True, slots=True)
class Values:
    """Arrays of a layer, all of one shape and order; ``zeros`` holds zeros and is never written."""

    z: Array
    a: Array
    delta: Array
    scratch: Array
    zeros: Array


Kernel = Callable[[Values], list[Call]]


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation; ``can_die``: a unit whose output is 0 on every row no longer learns."""

    forward: Kernel
    backward: Kernel
    keeps_slope: bool = False
    can_die: bool = False


def logistic(z: Array, a: Array) -> list[Call]:
    """a ← 1/(1 + e^-z); 0 and 1 at the far ends, without a NaN."""
    return [
        partial(np.negative, z, a),
        partial(np.exp, a, a),
        partial(np.add, a, constant(1, a), a),
        partial(np.reciprocal, a, a),
    ]


def _sigmoid(v: Values) -> list[Call]:
    return logistic(v.z, v.a)


def _sigmoid_backward(v: Values) -> list[Call]:
    """f' = a(1 - a)."""
    return [
        partial(np.subtract, constant(1, v.a), v.a, v.scratch),
        partial(np.multiply, v.scratch, v.a, v.scratch),
        partial(np.multiply, v.delta, v.scratch, v.delta),
    ]


def _identity(v: Values) -> list[Call]:
    return [partial(np.copyto, v.a, v.z)]


def _tanh(v: Values) -> list[Call]:
    return [partial(np.tanh, v.z, v.a)]


def _tanh_backward(v: Values) -> list[Call]:
    """f' = 1 - a²."""
    return [
        partial(np.multiply, v.a, v.a, v.scratch),
        partial(np.subtract, constant(1, v.a), v.scratch, v.scratch),
        partial(np.multiply, v.delta, v.scratch, v.delta),
    ]


def _positive(a: Array, mask: Array) -> list[Call]:
    """Bits of ``mask`` ← all ones where a > 0, else all zeros.

    The bits of -a, read as an integer, have the sign bit set exactly where a > 0: shifted over the word it is the mask.
    Adding 0 first makes 0 of -0, whose bits are the sign bit alone and stay so when negated.
    """
    word = np.dtype(f"i{a.itemsize}")
    bits = mask.view(word)
    return [
        partial(np.add, a, constant(0, a), mask),
        partial(np.negative, bits, bits),
        partial(np.right_shift, bits, np.array(8 * a.itemsize - 1, word), bits),
    ]


def _masked(values: Array, mask: Array, out: Array) -> Call:
    bits, bits_of_mask, result = (array.view(f"i{out.itemsize}") for array in (values, mask, out))
    return partial(np.bitwise_and, bits, bits_of_mask, result)


def _relu(v: Values) -> list[Call]:
    """a ← max(z, 0); against an array of zeros, because against one number it is not vectorized."""
    return [larger(v.z, v.zeros, v.a)]


def _relu_backward(v: Values) -> list[Call]:
    """f' = 1 where a > 0, else 0: the sign of a ≥ 0 read as an integer, by which the bits of delta are multiplied."""
    bits, sign, delta = (array.view(f"i{v.a.itemsize}") for array in (v.a, v.scratch, v.delta))
    return [partial(np.sign, bits, sign), partial(np.multiply, delta, sign, delta)]


def _leaky_relu(slope: float) -> Activation:
    """f = max(z, slope·z), f' = 1 where z > 0, else the slope."""

    def forward(v: Values) -> list[Call]:
        return [
            partial(np.multiply, v.z, constant(slope, v.z), v.scratch),
            larger(v.z, v.scratch, v.a),
        ]

    def backward(v: Values) -> list[Call]:
        return [
            *_positive(v.a, v.scratch),
            _masked(v.delta, v.scratch, v.scratch),
            partial(np.multiply, v.scratch, constant(1 - slope, v.a), v.scratch),
            partial(np.multiply, v.delta, constant(slope, v.a), v.delta),
            partial(np.add, v.delta, v.scratch, v.delta),
        ]

    return Activation(forward, backward)


def _exponential_linear(alpha: float, scale: float = 1.0) -> Activation:
    """f = scale·z for z > 0, else scale·α(e^z - 1); f' = scale for z > 0, else f + scale·α."""

    def forward(v: Values) -> list[Call]:
        return [
            smaller(v.z, v.zeros, v.scratch),
            partial(np.expm1, v.scratch, v.scratch),
            partial(np.multiply, v.scratch, constant(scale * alpha, v.a), v.scratch),
            larger(v.z, v.zeros, v.a),
            partial(np.multiply, v.a, constant(scale, v.a), v.a),
            partial(np.add, v.a, v.scratch, v.a),
        ]

    def backward(v: Values) -> list[Call]:
        return [
            partial(np.greater, v.a, v.zeros, v.scratch),
            partial(np.multiply, v.scratch, constant(scale - scale * alpha, v.a), v.scratch),
            partial(np.add, v.scratch, constant(scale * alpha, v.a), v.scratch),
            smaller(v.a, v.zeros, v.a),
            partial(np.add, v.scratch, v.a, v.scratch),
            partial(np.multiply, v.delta, v.scratch, v.delta),
        ]

    return Activation(forward, backward)


def _by_slope(v: Values) -> list[Call]:
    """The forward kernel has left f' in z."""
    return [partial(np.multiply, v.delta, v.z, v.delta)]


def _gelu(v: Values) -> list[Call]:
    """f = zΦ(z), f' = Φ(z) + zφ(z), Φ and φ of the standard normal distribution."""
    return [
        *distribution(v.z, v.scratch, v.a, v.delta),
        *density(v.z, v.delta),
        partial(np.multiply, v.delta, v.z, v.delta),
        partial(np.add, v.delta, v.scratch, v.delta),
        partial(np.multiply, v.z, v.scratch, v.a),
        partial(np.copyto, v.z, v.delta),
    ]


def _gelu_tanh(v: Values) -> list[Call]:
    """f = z(1 + tanh u)/2 with u = √(2/π)(z + 0.044715 z³).

    From |z| = 8 on tanh u is ±1 in either precision, so that z² may end there and no product of infinity and 0 arises.
    """
    c, k = sqrt(2 / pi), 0.044715
    zero, half, one, most = (constant(value, v.z) for value in (0, 0.5, 1, 64))
    return [
        partial(np.multiply, v.z, v.z, v.scratch),
        partial(v.scratch.clip, zero, most, v.scratch),
        partial(np.multiply, v.scratch, constant(c * k, v.z), v.a),
        partial(np.add, v.a, constant(c, v.z), v.a),
        partial(np.multiply, v.a, v.z, v.a),
        partial(np.tanh, v.a, v.a),
        partial(np.multiply, v.scratch, constant(3 * c * k, v.z), v.scratch),
        partial(np.add, v.scratch, constant(c, v.z), v.scratch),
        partial(np.subtract, one, v.a, v.delta),
        partial(np.multiply, v.scratch, v.delta, v.scratch),
        partial(np.add, v.a, one, v.a),
        partial(np.multiply, v.a, half, v.a),
        partial(np.multiply, v.scratch, v.a, v.scratch),
        partial(np.multiply, v.scratch, v.z, v.scratch),
        partial(np.add, v.scratch, v.a, v.scratch),
        partial(np.multiply, v.a, v.z, v.a),
        partial(np.copyto, v.z, v.scratch),
    ]


def _softplus(v: Values) -> list[Call]:
    """f = log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), f' = 1/(1 + e^-z)."""
    return [
        partial(np.abs, v.z, v.scratch),
        partial(np.negative, v.scratch, v.scratch),
        partial(np.exp, v.scratch, v.scratch),
        partial(np.log1p, v.scratch, v.scratch),
        larger(v.z, v.zeros, v.a),
        partial(np.add, v.a, v.scratch, v.a),
        *logistic(v.z, v.z),
    ]


def _silu(v: Values) -> list[Call]:
    """f = zσ(z), f' = σ(z) + f(1 - σ(z))."""
    return [
        *logistic(v.z, v.scratch),
        partial(np.multiply, v.z, v.scratch, v.a),
        partial(np.subtract, constant(1, v.z), v.scratch, v.z),
        partial(np.multiply, v.z, v.a, v.z),
        partial(np.add, v.z, v.scratch, v.z),
    ]


# Unit variance is a fixed point for these (Klambauer et al. 2017).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

ACTIVATIONS: dict[str, Callable[[Any], Activation]] = {
    "identity": lambda spec: Activation(_identity, lambda v: []),
    "sigmoid": lambda spec: Activation(_sigmoid, _sigmoid_backward),
    "tanh": lambda spec: Activation(_tanh, _tanh_backward),
    "relu": lambda spec: Activation(_relu, _relu_backward, can_die=True),
    "leaky_relu": lambda spec: _leaky_relu(spec.negative_slope),
    "elu": lambda spec: _exponential_linear(spec.alpha),
    "selu": lambda spec: _exponential_linear(SELU_ALPHA, SELU_SCALE),
    "gelu": lambda spec: Activation(_gelu, _by_slope, keeps_slope=True),
    "gelu_tanh": lambda spec: Activation(_gelu_tanh, _by_slope, keeps_slope=True),
    "softplus": lambda spec: Activation(_softplus, _by_slope, keeps_slope=True),
    "silu": lambda spec: Activation(_silu, _by_slope, keeps_slope=True),
}


def activation(spec: ActivationSpec) -> Activation:
    """The activation that a resolved specification names."""
    return ACTIVATIONS[variant_name(spec)](spec)
