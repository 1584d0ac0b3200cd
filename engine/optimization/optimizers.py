"""Optimizers: one class each, with its state, its numbers and the calls of its step; the docstring is the formula.

In the formulas w are weights, g their gradient, η the learning rate, l1 and l2 the penalty's coefficients, and
soft(w, t) = sgn(w)·max(|w| - t, 0). Forms, defaults and ε are torch.optim's. The proximal forms keep the fixed point of
the objective (docs/numerics.md). Averages m ← βm + (1 - β)x are kept as m/(1 - β), which saves a pass: the factor is
part of the coefficients.

The same in plain NumPy: engine/textbook/optimizers.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from engine import spec
from engine.kernels import Array, Call
from engine.optimization.blocks import Block

__all__ = ["OPTIMIZERS", "Update", "update_of"]

SMALLEST_RATE = 1e-37


class Update(Protocol):
    """The update of K lanes, made from their specifications.

    These differ in the values of the optimizer's parameters, not in its operations.
    """

    @property
    def moments(self) -> Mapping[str, float]:
        """Arrays of the parameters' length to keep, with the magnitude that may be flushed to 0; 0 for never."""

    @property
    def folds(self) -> bool:
        """Whether the step is linear in the gradient.

        Then the backward pass multiplies by η, and L2 is a decay of the weights: both are faster.
        """

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        """The numbers of the given steps, counted from 1: (K, steps) float64, or (K, 1) where they stay the same.

        ``rate`` multiplies the gradient. ``reach`` is the step size for a proximal penalty, without the scale
        1/(√s + ε) that an optimizer gives each weight.
        """

    def calls(self, block: Block) -> list[Call]:
        """One step on a block of weights; destroys their gradient."""


def _column(specs: Sequence[spec.Optimizer], name: str) -> Array:
    """(K, 1) values of a parameter."""
    return np.array([[float(getattr(each, name))] for each in specs])


def _inverse(rates: Array) -> Array:
    """1/rates; 0 if a rate is so small that nothing moves and its inverse would not fit a float32."""
    return np.divide(1, rates, out=np.zeros_like(rates), where=rates > SMALLEST_RATE)


@dataclass(frozen=True)
class SgdUpdate:
    """w ← soft((1 - ηl2) w - ηg, ηl1); with momentum μ: v ← μv + g, w ← soft(w - ηv, ηl1).

    Nesterov: w ← soft(w - η(g + μv), η(1 + μ)l1). With momentum, l2·w is part of g, and what the proximal step takes
    off w is given back to v, divided by its reach.
    """

    specs: Sequence[spec.Sgd]

    @property
    def moments(self) -> Mapping[str, float]:
        return {"velocity": 1e-15} if self.specs[0].momentum else {}

    @property
    def folds(self) -> bool:
        return not self.specs[0].momentum

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        if not self.specs[0].momentum:
            return {"reach": rates, "rate": rates}
        momentum = _column(self.specs, "momentum")
        reach = rates * (1 + momentum) if self.specs[0].nesterov else rates
        return {"reach": reach, "rate": rates, "momentum": momentum, "back": _inverse(reach)}

    def calls(self, block: Block) -> list[Call]:
        return self._with_momentum(block) if self.specs[0].momentum else self._plain(block)

    def _plain(self, block: Block) -> list[Call]:
        w, g, rate = block.weights, block.gradient, block.coefficients["rate"]
        calls: list[Call] = [] if block.folded else [partial(np.multiply, g, rate, g)]
        for piece in block.pieces:
            calls += [] if piece.terms.decay is None else piece.scaled(w, piece.terms.decay)
        calls.append(partial(np.subtract, w, g, w))
        for piece in block.pieces:
            calls += piece.shrunk(w, block.scratch)
        return calls

    def _with_momentum(self, block: Block) -> list[Call]:
        w, g, v, scratch = block.weights, block.gradient, block.moments["velocity"], block.scratch
        c = block.coefficients
        calls: list[Call] = [
            partial(np.multiply, v, c["momentum"], v),
            partial(np.add, v, g, v),
        ]
        if self.specs[0].nesterov:
            calls += [
                partial(np.multiply, v, c["momentum"], scratch),
                partial(np.add, scratch, g, scratch),
            ]
        calls += [
            partial(np.multiply, scratch if self.specs[0].nesterov else v, c["rate"], scratch),
            partial(np.subtract, w, scratch, w),
        ]
        for piece in block.pieces:
            if shrunk := piece.shrunk(w, scratch):
                calls += [*shrunk, *piece.given_back(v, scratch, c["back"])]
        return calls


@dataclass(frozen=True)
class AdagradUpdate:
    """s ← s + g²; w ← soft(w - ηg/(√s + ε), ηl1/(√s + ε))."""

    specs: Sequence[spec.Adagrad]
    folds = False

    @property
    def moments(self) -> Mapping[str, float]:
        return {"total": 0.0}

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        return {"reach": rates, "rate": rates, "epsilon": _column(self.specs, "epsilon")}

    def calls(self, block: Block) -> list[Call]:
        w, g, scratch, c = block.weights, block.gradient, block.scratch, block.coefficients
        total = block.moments["total"]
        calls: list[Call] = [
            partial(np.multiply, g, g, scratch),
            partial(np.add, total, scratch, total),
            partial(np.sqrt, total, scratch),
            partial(np.add, scratch, c["epsilon"], scratch),
            partial(np.divide, g, scratch, g),
            partial(np.multiply, g, c["rate"], g),
            partial(np.subtract, w, g, w),
        ]
        for piece in block.pieces:
            calls += piece.shrunk_by_scale(w, g, scratch)
        return calls


@dataclass(frozen=True)
class RmsPropUpdate:
    """s ← ρs + (1 - ρ)g²; v ← μv + g/(√s + ε); w ← soft(w - ηv, ηl1/(√s + ε)).

    Centered: √s is √|s - m²| with m ← ρm + (1 - ρ)g; rounding may make the difference negative.
    """

    specs: Sequence[spec.RmsProp]
    folds = False

    @property
    def moments(self) -> Mapping[str, float]:
        moments = {"square": 1e-22, "mean": 1e-14, "velocity": 1e-15}
        used = {"square": True, "mean": self.specs[0].centered, "velocity": self.specs[0].momentum > 0}
        return {name: tiny for name, tiny in moments.items() if used[name]}

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        rho, epsilon, momentum = (_column(self.specs, name) for name in ("rho", "epsilon", "momentum"))
        root = np.sqrt(1 - rho)
        return {
            "reach": rates / root,
            "rho": rho,
            "rest": rho - 1,
            "epsilon": epsilon / root,
            "unit": 1 / root,
            "momentum": momentum,
            "rate": rates,
            "back": _inverse(rates),
        }

    def calls(self, block: Block) -> list[Call]:
        w, g, scratch, c = block.weights, block.gradient, block.scratch, block.coefficients
        calls: list[Call] = [
            *self._root_of_square(block),
            partial(np.add, scratch, c["epsilon"], scratch),
            partial(np.divide, g, scratch, g),
            partial(np.multiply, g, c["unit"], g),
        ]
        velocity = block.moments.get("velocity")
        if velocity is not None:
            calls += [
                partial(np.multiply, velocity, c["momentum"], velocity),
                partial(np.add, velocity, g, velocity),
            ]
        calls += [
            partial(np.multiply, g if velocity is None else velocity, c["rate"], g),
            partial(np.subtract, w, g, w),
        ]
        for piece in block.pieces:
            if shrunk := piece.shrunk_by_scale(w, g, scratch):
                calls += shrunk + ([] if velocity is None else piece.given_back(velocity, g, c["back"]))
        return calls

    def _root_of_square(self, block: Block) -> list[Call]:
        """scratch ← √s."""
        g, scratch, c, square = block.gradient, block.scratch, block.coefficients, block.moments["square"]
        calls: list[Call] = [
            partial(np.multiply, g, g, scratch),
            partial(np.multiply, square, c["rho"], square),
            partial(np.add, square, scratch, square),
        ]
        if not self.specs[0].centered:
            return [*calls, partial(np.sqrt, square, scratch)]
        mean = block.moments["mean"]
        return [
            *calls,
            partial(np.multiply, mean, c["rho"], mean),
            partial(np.add, mean, g, mean),
            partial(np.multiply, mean, mean, scratch),
            partial(np.multiply, scratch, c["rest"], scratch),
            partial(np.add, scratch, square, scratch),
            partial(np.abs, scratch, scratch),
            partial(np.sqrt, scratch, scratch),
        ]


@dataclass(frozen=True)
class AdamUpdate:
    """m ← β₁m + (1 - β₁)g; s ← β₂s + (1 - β₂)g²; w ← soft(w - η m̂/(√ŝ + ε), ηl1/(√ŝ + ε)).

    m̂ = m/(1 - β₁ᵗ) and ŝ = s/(1 - β₂ᵗ) in step t.
    """

    specs: Sequence[spec.Adam | spec.AdamW]
    folds = False

    @property
    def moments(self) -> Mapping[str, float]:
        return {"first": 1e-14, "second": 1e-22}

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        beta1, beta2, epsilon = (_column(self.specs, name) for name in ("beta1", "beta2", "epsilon"))
        unbiased1 = -np.expm1(steps * np.log(beta1))
        root = np.sqrt(-np.expm1(steps * np.log(beta2)) / (1 - beta2))
        return {
            "reach": rates * root,
            "beta1": beta1,
            "beta2": beta2,
            "rate": rates * root * (1 - beta1) / unbiased1,
            "epsilon": epsilon * root,
        }

    def calls(self, block: Block) -> list[Call]:
        w, g, scratch, c = block.weights, block.gradient, block.scratch, block.coefficients
        first, second = block.moments["first"], block.moments["second"]
        calls: list[Call] = [
            partial(np.multiply, first, c["beta1"], first),
            partial(np.add, first, g, first),
            partial(np.multiply, g, g, g),
            partial(np.multiply, second, c["beta2"], second),
            partial(np.add, second, g, second),
            partial(np.sqrt, second, scratch),
            partial(np.add, scratch, c["epsilon"], scratch),
            partial(np.divide, first, scratch, g),
            partial(np.multiply, g, c["rate"], g),
            partial(np.subtract, w, g, w),
        ]
        for piece in block.pieces:
            calls += piece.shrunk_by_scale(w, g, scratch)
        return calls


@dataclass(frozen=True)
class AdamWUpdate:
    """w ← (1 - η·weight_decay) w for weights, not biases; then Adam's step (Loshchilov & Hutter 2019)."""

    specs: Sequence[spec.AdamW]
    folds = False

    @property
    def moments(self) -> Mapping[str, float]:
        return AdamUpdate(self.specs).moments

    def coefficients(self, steps: Array, rates: Array) -> Mapping[str, Array]:
        keep = 1 - rates * _column(self.specs, "weight_decay")
        return {**AdamUpdate(self.specs).coefficients(steps, rates), "keep": keep}

    def calls(self, block: Block) -> list[Call]:
        calls: list[Call] = []
        for piece in block.pieces:
            calls += piece.scaled(block.weights, block.coefficients["keep"])
        return calls + AdamUpdate(self.specs).calls(block)


OPTIMIZERS: dict[type[Any], Callable[[Sequence[Any]], Update]] = {
    spec.Sgd: SgdUpdate,
    spec.Adagrad: AdagradUpdate,
    spec.RmsProp: RmsPropUpdate,
    spec.Adam: AdamUpdate,
    spec.AdamW: AdamWUpdate,
}


def update_of(experiments: Sequence[spec.Experiment]) -> Update:
    """The update of experiments of one shape."""
    specs = [experiment.optimizer for experiment in experiments]
    return OPTIMIZERS[type(specs[0])](specs)
