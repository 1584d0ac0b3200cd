"""Optimizers: one table; an entry names its moments, computes its coefficients and updates a block of parameters.

``coefficients`` gives the numbers of every step of an epoch at once, float64 and (K, steps), so that a step only
copies its column. All entries give

- ``fold``: what the gradient arrives multiplied by (plain SGD lets the backward pass multiply by η),
- ``reach``: the step size that a proximal penalty sees, without the optimizer's diagonal scale D.

``update`` turns a block of weights w and its gradient g (destroyed) into the calls of one step. Forms, defaults and
ε are torch.optim's; the proximal forms keep the fixed point of the objective (docs/numerics.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.calls import Array, Call
from engine.penalties import shrink
from engine.spec import Adam, Optimizer, Sgd

__all__ = ["OPTIMIZERS", "Block", "Piece", "Rule"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Weights of a block under one penalty; a coefficient of None stands for a term the penalty does not have.

    ``l1`` and ``l2`` go into the gradient; ``decay`` is 1 - ηl2, for an optimizer that takes L2 as a decay instead.
    ``biases`` are elements among the weights that no penalty may touch.
    """

    where: slice
    biases: slice | None
    l1: Array | None
    l2: Array | None
    decay: Array | None
    threshold: Array | None
    minus_threshold: Array | None

    def of(self, array: Array) -> Array:
        """This piece of an array of the block."""
        return array[..., self.where]

    def spare(self, array: Array, calls: list[Call]) -> list[Call]:
        """Calls that change this piece of an array, made to leave its biases as they are."""
        if self.biases is None or not calls:
            return calls
        biases = self.of(array)[..., self.biases]
        saved = np.zeros_like(biases)
        return [partial(np.copyto, saved, biases), *calls, partial(np.copyto, biases, saved)]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of every lane's row, with the coefficients of the step: zero-dimensional, or (K, 1)."""

    weights: Array
    gradient: Array
    moments: Mapping[str, Array]
    scratch: Array
    pieces: Sequence[Piece]
    coefficients: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Rule:
    """One optimizer.

    ``moments`` maps each moment to the magnitude below which it may be flushed to zero; ``decays`` says whether
    L2 acts as a decay of the weights instead of as a part of the gradient (the same for plain SGD, and faster).
    """

    moments: Callable[[Any], Mapping[str, float]]
    coefficients: Callable[[Sequence[Any], Array, Array], Mapping[str, Array]]
    update: Callable[[Any, Block], list[Call]]
    decays: Callable[[Any], bool] = lambda spec: False


def _column(specs: Sequence[Optimizer], name: str) -> Array:
    """(K, 1) values of one parameter."""
    return np.array([[float(getattr(spec, name))] for spec in specs])


def _sgd_moments(spec: Sgd) -> Mapping[str, float]:
    return {"velocity": 1e-15} if spec.momentum else {}


def _sgd_coefficients(specs: Sequence[Sgd], steps: Array, rates: Array) -> Mapping[str, Array]:
    if not specs[0].momentum:
        return {"fold": rates, "reach": rates}
    momentum = _column(specs, "momentum")
    reach = rates * (1 + momentum) if specs[0].nesterov else rates
    back = np.divide(1, reach, out=np.zeros_like(reach), where=reach > 0)
    return {"fold": np.ones_like(rates), "reach": reach, "rate": rates, "momentum": momentum, "back": back}


def _sgd(spec: Sgd, block: Block) -> list[Call]:
    return _momentum(spec, block) if spec.momentum else _plain_sgd(block)


def _plain_sgd(block: Block) -> list[Call]:
    """w ← soft((1 - ηl2) w - ηg, ηl1), ηg being what the backward pass delivers."""
    w = block.weights
    calls: list[Call] = []
    for piece in block.pieces:
        if piece.decay is not None:
            decay: Call = partial(np.multiply, piece.of(w), piece.decay, out=piece.of(w))
            calls += piece.spare(w, [decay])
    calls.append(partial(np.subtract, w, block.gradient, out=w))
    for piece in block.pieces:
        calls += _shrink(piece, w, block.scratch)
    return calls


def _shrink(piece: Piece, w: Array, scratch: Array) -> list[Call]:
    if piece.threshold is None or piece.minus_threshold is None:
        return []
    calls = shrink(piece.of(w), piece.of(scratch), piece.threshold, piece.minus_threshold)
    return piece.spare(w, calls)


def _momentum(spec: Sgd, block: Block) -> list[Call]:
    """v ← μv + g; w ← soft(w - ηv, ηl1), or with Nesterov w ← soft(w - η(g + μv), η(1 + μ)l1).

    What the proximal step takes off w is given back to v, divided by its reach.
    """
    w, g, v, scratch = block.weights, block.gradient, block.moments["velocity"], block.scratch
    c = block.coefficients
    calls: list[Call] = [
        partial(np.multiply, v, c["momentum"], out=v),
        partial(np.add, v, g, out=v),
    ]
    if spec.nesterov:
        calls += [
            partial(np.multiply, v, c["momentum"], out=scratch),
            partial(np.add, scratch, g, out=scratch),
        ]
    calls += [
        partial(np.multiply, scratch if spec.nesterov else v, c["rate"], out=scratch),
        partial(np.subtract, w, scratch, out=w),
    ]
    for piece in block.pieces:
        if shrunk := _shrink(piece, w, scratch):
            taken, velocity = piece.of(scratch), piece.of(v)
            back: list[Call] = [
                partial(np.multiply, taken, c["back"], out=taken),
                partial(np.add, velocity, taken, out=velocity),
            ]
            calls += [*shrunk, *piece.spare(v, back)]
    return calls


def _adam_moments(spec: Adam) -> Mapping[str, float]:
    return {"first": 1e-14, "second": 1e-22}


def _adam_coefficients(specs: Sequence[Adam], steps: Array, rates: Array) -> Mapping[str, Array]:
    """Moments are kept as m/(1 - β1) and s/(1 - β2), which saves two passes; the factors are folded in here."""
    beta1, beta2, epsilon = (_column(specs, name) for name in ("beta1", "beta2", "epsilon"))
    unbiased1 = -np.expm1(steps * np.log(beta1))
    root = np.sqrt(-np.expm1(steps * np.log(beta2)) / (1 - beta2))
    return {
        "fold": np.ones_like(rates),
        "reach": rates * root,
        "beta1": beta1,
        "beta2": beta2,
        "rate": rates * root * (1 - beta1) / unbiased1,
        "epsilon": epsilon * root,
    }


def _adam(spec: Adam, block: Block) -> list[Call]:
    """w ← soft(w - η m̂/(√ŝ + ε), ηl1/(√ŝ + ε)), m and s the bias-corrected moments of g and g²."""
    w, g, scratch, c = block.weights, block.gradient, block.scratch, block.coefficients
    first, second = block.moments["first"], block.moments["second"]
    calls: list[Call] = [
        partial(np.multiply, first, c["beta1"], out=first),
        partial(np.add, first, g, out=first),
        partial(np.multiply, g, g, out=g),
        partial(np.multiply, second, c["beta2"], out=second),
        partial(np.add, second, g, out=second),
        partial(np.sqrt, second, out=scratch),
        partial(np.add, scratch, c["epsilon"], out=scratch),
        partial(np.divide, first, scratch, out=g),
        partial(np.multiply, g, c["rate"], out=g),
        partial(np.subtract, w, g, out=w),
    ]
    for piece in block.pieces:
        calls += _shrink_by_scale(piece, w, g, scratch)
    return calls


def _shrink_by_scale(piece: Piece, w: Array, taken: Array, scale: Array) -> list[Call]:
    """The proximal step where each weight has its own threshold, ``threshold/scale``; destroys ``scale``."""
    if piece.threshold is None:
        return []
    weights, taken, limit = piece.of(w), piece.of(taken), piece.of(scale)
    calls: list[Call] = [
        partial(np.divide, piece.threshold, limit, out=limit),
        partial(np.minimum, weights, limit, out=taken),
        partial(np.negative, limit, out=limit),
        partial(np.maximum, taken, limit, out=taken),
        partial(np.subtract, weights, taken, out=weights),
    ]
    return piece.spare(w, calls)


OPTIMIZERS: dict[type[Any], Rule] = {
    Sgd: Rule(_sgd_moments, _sgd_coefficients, _sgd, decays=lambda spec: not spec.momentum),
    Adam: Rule(_adam_moments, _adam_coefficients, _adam),
}
