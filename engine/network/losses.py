"""Losses: one table by (loss, output), each entry a gradient kernel and a row-loss kernel, both from the logits.

Logits z and targets y are (O, ...) with the outputs first: reductions over them then run along whole rows of the
batch. ``gradient(z, y, narrow, wide)`` turns z into dℓ/dz; ``row_losses(z, y, out, narrow, wide)`` puts ℓ of every row
into ``out`` and destroys z. ``narrow`` and ``out`` are (...), ``wide`` is (O, ...) scratch. ℓ is the loss of one row;
the mean over the batch is the step's business.

The same in plain NumPy: engine/textbook/losses.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from engine.kernels import Array, Call, by_lane, constant, larger, product
from engine.network.activations import logistic
from engine.spec import LossSpec, variant_name

__all__ = ["LOSSES", "Loss", "loss_of", "softmax"]


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss with the output activation it is computed through, and the factor its kernels leave out."""

    gradient: Callable[[Array, Array, Array, Array], list[Call]]
    row_losses: Callable[[Array, Array, Array, Array, Array], list[Call]]
    factor: Callable[[int], float] = lambda outputs: 1.0


def _over_outputs(ufunc: np.ufunc, z: Array, out: Array) -> Call:
    return partial(ufunc.reduce, z, 0, None, out)


def softmax(z: Array, narrow: Array, wide: Array) -> list[Call]:
    """z ← softmax of z over the outputs, shifted by the largest so that nothing overflows.

    A product with ones puts the sum into every row at once: for one lane a third of what a sum and a division by
    its only row take.
    """
    ones = np.ones((len(z), len(z)), z.dtype)
    return [
        _over_outputs(np.maximum, z, narrow),
        partial(np.subtract, z, narrow, z),
        partial(np.exp, z, z),
        product(ones, by_lane(z), by_lane(wide)),
        partial(np.divide, z, wide, z),
    ]


def cross_entropy_gradient(z: Array, y: Array, narrow: Array, wide: Array) -> list[Call]:
    """z ← softmax(z) - y."""
    return [*softmax(z, narrow, wide), partial(np.subtract, z, y, z)]


def cross_entropy(z: Array, y: Array, out: Array, narrow: Array, wide: Array) -> list[Call]:
    """ℓ = log Σ e^(z - m) - Σ y(z - m), m the largest logit; targets sum to 1."""
    return [
        _over_outputs(np.maximum, z, narrow),
        partial(np.subtract, z, narrow, z),
        partial(np.multiply, z, y, wide),
        _over_outputs(np.add, wide, narrow),
        partial(np.exp, z, z),
        _over_outputs(np.add, z, out),
        partial(np.log, out, out),
        partial(np.subtract, out, narrow, out),
    ]


def binary_cross_entropy_gradient(z: Array, y: Array, narrow: Array, wide: Array) -> list[Call]:
    """z ← sigmoid(z) - y."""
    return [*logistic(z, z), partial(np.subtract, z, y, z)]


def binary_cross_entropy(z: Array, y: Array, out: Array, narrow: Array, wide: Array) -> list[Call]:
    """ℓ = Σ max(z, 0) + log(1 + e^-|z|) - yz, the sum over outputs of -y log a - (1 - y) log(1 - a)."""
    return [
        partial(np.multiply, z, y, wide),
        _over_outputs(np.add, wide, narrow),
        partial(np.abs, z, wide),
        partial(np.negative, wide, wide),
        partial(np.exp, wide, wide),
        partial(np.log1p, wide, wide),
        larger(z, constant(0, z), z),
        partial(np.add, z, wide, z),
        _over_outputs(np.add, z, out),
        partial(np.subtract, out, narrow, out),
    ]


def squared_error_gradient(z: Array, y: Array, narrow: Array, wide: Array) -> list[Call]:
    """z ← z - y."""
    return [partial(np.subtract, z, y, z)]


def squared_error(z: Array, y: Array, out: Array, narrow: Array, wide: Array) -> list[Call]:
    """ℓ = ½ Σ (z - y)²."""
    return [
        partial(np.subtract, z, y, z),
        partial(np.multiply, z, z, z),
        _over_outputs(np.add, z, out),
        partial(np.multiply, out, constant(0.5, out), out),
    ]


def squared_error_sigmoid_gradient(z: Array, y: Array, narrow: Array, wide: Array) -> list[Call]:
    """z ← (a - y) · a(1 - a), a = sigmoid(z)."""
    return [
        *logistic(z, z),
        partial(np.subtract, z, y, wide),
        partial(np.multiply, wide, z, wide),
        partial(np.subtract, constant(1, z), z, z),
        partial(np.multiply, z, wide, z),
    ]


def squared_error_sigmoid(z: Array, y: Array, out: Array, narrow: Array, wide: Array) -> list[Call]:
    """ℓ = ½ Σ (sigmoid(z) - y)², Nielsen's quadratic cost."""
    return [*logistic(z, z), *squared_error(z, y, out, narrow, wide)]


def absolute_error_gradient(z: Array, y: Array, narrow: Array, wide: Array) -> list[Call]:
    """z ← sgn(z - y)."""
    return [partial(np.subtract, z, y, z), partial(np.sign, z, z)]


def absolute_error(z: Array, y: Array, out: Array, narrow: Array, wide: Array) -> list[Call]:
    """ℓ = Σ |z - y|."""
    return [
        partial(np.subtract, z, y, z),
        partial(np.abs, z, z),
        _over_outputs(np.add, z, out),
    ]


def _huber(delta: float) -> Loss:
    """ℓ = Σ c(|r| - c/2) with r = z - y and c = min(|r|, δ); its gradient is r clipped to ±δ."""

    def gradient(z: Array, y: Array, narrow: Array, wide: Array) -> list[Call]:
        return [
            partial(np.subtract, z, y, z),
            partial(z.clip, constant(-delta, z), constant(delta, z), z),
        ]

    def row_losses(z: Array, y: Array, out: Array, narrow: Array, wide: Array) -> list[Call]:
        return [
            partial(np.subtract, z, y, z),
            partial(np.abs, z, z),
            partial(z.clip, constant(0, z), constant(delta, z), wide),
            partial(np.multiply, z, wide, z),
            partial(np.multiply, wide, wide, wide),
            partial(np.multiply, wide, constant(0.5, wide), wide),
            partial(np.subtract, z, wide, z),
            _over_outputs(np.add, z, out),
        ]

    return Loss(gradient, row_losses)


LOSSES: dict[tuple[str, str], Callable[[Any], Loss]] = {
    ("cross_entropy", "softmax"): lambda spec: Loss(cross_entropy_gradient, cross_entropy),
    ("binary_cross_entropy", "sigmoid"): lambda spec: Loss(
        binary_cross_entropy_gradient, binary_cross_entropy
    ),
    ("squared_error", "identity"): lambda spec: Loss(squared_error_gradient, squared_error),
    ("squared_error", "sigmoid"): lambda spec: Loss(squared_error_sigmoid_gradient, squared_error_sigmoid),
    ("mean_squared_error", "identity"): lambda spec: Loss(
        squared_error_gradient, squared_error, factor=lambda outputs: 2 / outputs
    ),
    ("absolute_error", "identity"): lambda spec: Loss(absolute_error_gradient, absolute_error),
    ("huber", "identity"): lambda spec: _huber(spec.delta),
}


def loss_of(spec: LossSpec, output: str) -> Loss:
    """The loss that a resolved specification names, through its output activation."""
    loss = LOSSES[variant_name(spec), output](spec)
    if getattr(spec, "reduction", "sum") == "mean":
        return replace(loss, factor=lambda outputs: 1 / outputs)
    return loss
