"""Optimizers: one table; an entry names its moments, computes its coefficients and updates a block of parameters.

``coefficients`` gives the numbers of every step of an epoch at once, float64 and (K, steps), so that a step only
copies its column. All entries give ``rate``, the step size of the gradient, and ``reach``, the step size that a
proximal penalty sees, without the optimizer's diagonal scale D.

``update`` turns a block of weights w and its gradient g (destroyed) into the calls of one step. Forms, defaults and
ε are torch.optim's; the proximal forms keep the fixed point of the objective (docs/numerics.md). Averages of the
form m ← βm + (1 - β)x are kept as m/(1 - β), which saves a pass; the factor is folded into the coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from engine.kernels import Array, Call
from engine.optimization.blocks import Block, Coefficients, Rule
from engine.spec import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd

__all__ = ["OPTIMIZERS"]

SMALLEST_RATE = 1e-37


def _column(specs: Sequence[Optimizer], name: str) -> Array:
    """(K, 1) values of one parameter."""
    return np.array([[float(getattr(spec, name))] for spec in specs])


def _inverse(rates: Array) -> Array:
    """1/rates; 0 where a rate is so small that nothing moves and its inverse would not fit a float32."""
    return np.divide(1, rates, out=np.zeros_like(rates), where=rates > SMALLEST_RATE)


def _sgd_moments(spec: Sgd) -> Mapping[str, float]:
    return {"velocity": 1e-15} if spec.momentum else {}


def _sgd_coefficients(specs: Sequence[Sgd], steps: Array, rates: Array) -> Coefficients:
    if not specs[0].momentum:
        return {"reach": rates, "rate": rates}
    momentum = _column(specs, "momentum")
    reach = rates * (1 + momentum) if specs[0].nesterov else rates
    back = _inverse(reach)
    return {"reach": reach, "rate": rates, "momentum": momentum, "back": back}


def _sgd(spec: Sgd, block: Block) -> list[Call]:
    return _momentum(spec, block) if spec.momentum else _plain_sgd(block)


def _plain_sgd(block: Block) -> list[Call]:
    """w ← soft((1 - ηl2) w - ηg, ηl1); folded, ηg is what the backward pass delivers."""
    w, g, rate = block.weights, block.gradient, block.coefficients["rate"]
    calls: list[Call] = [] if block.folded else [partial(np.multiply, g, rate, g)]
    for piece in block.pieces:
        calls += [] if piece.decay is None else piece.scaled(w, piece.decay)
    calls.append(partial(np.subtract, w, g, w))
    for piece in block.pieces:
        calls += piece.shrunk(w, block.scratch)
    return calls


def _momentum(spec: Sgd, block: Block) -> list[Call]:
    """v ← μv + g; w ← soft(w - ηv, ηl1), or with Nesterov w ← soft(w - η(g + μv), η(1 + μ)l1).

    What the proximal step takes off w is given back to v, divided by its reach.
    """
    w, g, v, scratch = block.weights, block.gradient, block.moments["velocity"], block.scratch
    c = block.coefficients
    calls: list[Call] = [
        partial(np.multiply, v, c["momentum"], v),
        partial(np.add, v, g, v),
    ]
    if spec.nesterov:
        calls += [
            partial(np.multiply, v, c["momentum"], scratch),
            partial(np.add, scratch, g, scratch),
        ]
    calls += [
        partial(np.multiply, scratch if spec.nesterov else v, c["rate"], scratch),
        partial(np.subtract, w, scratch, w),
    ]
    for piece in block.pieces:
        if shrunk := piece.shrunk(w, scratch):
            calls += [*shrunk, *piece.given_back(v, scratch, c["back"])]
    return calls


def _adam_moments(spec: Adam | AdamW) -> Mapping[str, float]:
    return {"first": 1e-14, "second": 1e-22}


def _adam_coefficients(specs: Sequence[Adam | AdamW], steps: Array, rates: Array) -> Coefficients:
    beta1, beta2, epsilon = (_column(specs, name) for name in ("beta1", "beta2", "epsilon"))
    unbiased1 = -np.expm1(steps * np.log(beta1))
    root = np.sqrt(-np.expm1(steps * np.log(beta2)) / (1 - beta2))
    return {
        "reach": rates * root,
        "beta1": beta1,
        "beta2": beta2,
        "rate": rates * root * (1 - beta1) / unbiased1,
        "epsilon": epsilon * root,
    }


def _adam(spec: Adam | AdamW, block: Block) -> list[Call]:
    """w ← soft(w - η m̂/(√ŝ + ε), ηl1/(√ŝ + ε)), m and s the bias-corrected moments of g and g²."""
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


def _adamw_coefficients(specs: Sequence[AdamW], steps: Array, rates: Array) -> Coefficients:
    return {**_adam_coefficients(specs, steps, rates), "keep": 1 - rates * _column(specs, "weight_decay")}


def _adamw(spec: AdamW, block: Block) -> list[Call]:
    """w ← (1 - η·weight_decay) w for weights, then Adam's step (Loshchilov & Hutter 2019)."""
    calls: list[Call] = []
    for piece in block.pieces:
        calls += piece.scaled(block.weights, block.coefficients["keep"])
    return calls + _adam(spec, block)


def _adagrad_coefficients(specs: Sequence[Adagrad], steps: Array, rates: Array) -> Coefficients:
    epsilon = _column(specs, "epsilon")
    return {"reach": rates, "rate": rates, "epsilon": epsilon}


def _adagrad(spec: Adagrad, block: Block) -> list[Call]:
    """s ← s + g²; w ← soft(w - ηg/(√s + ε), ηl1/(√s + ε))."""
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


def _rmsprop_moments(spec: RmsProp) -> Mapping[str, float]:
    moments = {"square": 1e-22, "mean": 1e-14, "velocity": 1e-15}
    used = {"square": True, "mean": spec.centered, "velocity": spec.momentum > 0}
    return {name: tiny for name, tiny in moments.items() if used[name]}


def _rmsprop_coefficients(specs: Sequence[RmsProp], steps: Array, rates: Array) -> Coefficients:
    rho, epsilon, momentum = (_column(specs, name) for name in ("rho", "epsilon", "momentum"))
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


def _rmsprop(spec: RmsProp, block: Block) -> list[Call]:
    """s ← ρs + (1 - ρ)g², centered: less the squared mean; v ← μv + g/(√s + ε); w ← soft(w - ηv, ηl1/(√s + ε))."""
    w, g, scratch, c = block.weights, block.gradient, block.scratch, block.coefficients
    calls = _root_of_square(spec, block)
    calls += [
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


def _root_of_square(spec: RmsProp, block: Block) -> list[Call]:
    """scratch ← √s, of the centered s where asked for; its absolute value, as rounding may make it negative."""
    g, scratch, c, square = block.gradient, block.scratch, block.coefficients, block.moments["square"]
    calls: list[Call] = [
        partial(np.multiply, g, g, scratch),
        partial(np.multiply, square, c["rho"], square),
        partial(np.add, square, scratch, square),
    ]
    if not spec.centered:
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


OPTIMIZERS: dict[type[Any], Rule] = {
    Sgd: Rule(_sgd_moments, _sgd_coefficients, _sgd, folds=lambda spec: not spec.momentum),
    Adagrad: Rule(lambda spec: {"total": 0.0}, _adagrad_coefficients, _adagrad),
    RmsProp: Rule(_rmsprop_moments, _rmsprop_coefficients, _rmsprop),
    Adam: Rule(_adam_moments, _adam_coefficients, _adam),
    AdamW: Rule(_adam_moments, _adamw_coefficients, _adamw),
}
