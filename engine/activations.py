"""Activations of the hidden layers: one table, each entry a forward and a backward kernel.

``forward(z, a)`` computes a ← f(z). ``backward(delta, z, a, scratch)`` computes delta ← delta · f'(z) and may use
``scratch``. All arrays have one shape. Where ``from_output`` holds, the derivative is a function of a alone and
``a`` may be the very array ``z``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.calls import Array, Call, constant

__all__ = ["ACTIVATIONS", "Activation", "logistic"]


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation; ``can_die``: a unit whose output is 0 on every row no longer learns."""

    forward: Callable[[Array, Array], list[Call]]
    backward: Callable[[Array, Array, Array, Array], list[Call]]
    from_output: bool = True
    can_die: bool = False


def logistic(z: Array, a: Array) -> list[Call]:
    """a ← 1/(1 + e^-z); 0 and 1 at the far ends, without a NaN."""
    one = constant(1, a)
    return [
        partial(np.negative, z, out=a),
        partial(np.exp, a, out=a),
        partial(np.add, a, one, out=a),
        partial(np.reciprocal, a, out=a),
    ]


def logistic_backward(delta: Array, z: Array, a: Array, scratch: Array) -> list[Call]:
    """Delta ← delta · a(1 - a)."""
    return [
        partial(np.subtract, constant(1, a), a, out=scratch),
        partial(np.multiply, scratch, a, out=scratch),
        partial(np.multiply, delta, scratch, out=delta),
    ]


def identity(z: Array, a: Array) -> list[Call]:
    """a ← z."""
    return [] if a is z else [partial(np.copyto, a, z)]


def identity_backward(delta: Array, z: Array, a: Array, scratch: Array) -> list[Call]:
    """Delta stays as it is."""
    return []


def tanh(z: Array, a: Array) -> list[Call]:
    """a ← tanh z."""
    return [partial(np.tanh, z, out=a)]


def tanh_backward(delta: Array, z: Array, a: Array, scratch: Array) -> list[Call]:
    """Delta ← delta · (1 - a²)."""
    return [
        partial(np.multiply, a, a, out=scratch),
        partial(np.subtract, constant(1, a), scratch, out=scratch),
        partial(np.multiply, delta, scratch, out=delta),
    ]


def relu(z: Array, a: Array) -> list[Call]:
    """a ← max(z, 0)."""
    return [partial(np.maximum, z, constant(0, z), out=a)]


def relu_backward(delta: Array, z: Array, a: Array, scratch: Array) -> list[Call]:
    """Delta ← delta where a > 0, else 0."""
    return [
        partial(np.sign, a, out=scratch),
        partial(np.multiply, delta, scratch, out=delta),
    ]


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, identity_backward),
    "sigmoid": Activation(logistic, logistic_backward),
    "tanh": Activation(tanh, tanh_backward),
    "relu": Activation(relu, relu_backward, can_die=True),
}
