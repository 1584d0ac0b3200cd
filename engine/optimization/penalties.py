"""Penalties: what they add to the objective, to the gradient, and the proximal step that makes exact zeros.

A penalty adds ``l1 Σ|w| + l2/2 Σw²`` to the mean loss, with l1 = λρ/n and l2 = λ(1-ρ)/n; n counts the rows of the
training split and ρ is the share of L1 (``engine.spec.penalties``).

The same in plain NumPy: engine/textbook/penalties.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from engine.errors import InvalidSpec, SpecProblem
from engine.kernels import Array, Call
from engine.spec import EffectivePenalty, Experiment

__all__ = [
    "Segment",
    "Strength",
    "Terms",
    "penalty_value",
    "segments",
    "shrink",
    "smooth_gradient",
]


@dataclass(frozen=True, slots=True)
class Strength:
    """Coefficients of Σ|w| and of Σw²/2."""

    l1: float
    l2: float


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that a layer's penalty adds to a step; None for a term that the step does not have."""

    l1: Array | None = None
    """Factor of sgn(w) in the gradient."""
    l2: Array | None = None
    """Factor of w in the gradient."""
    decay: Array | None = None
    """1 - ηl2, by which weights are multiplied instead of adding l2·w to the gradient."""
    threshold: Array | None = None
    """By how much the proximal step shrinks a weight."""
    minus_threshold: Array | None = None

    def map(self, function: Callable[[Array], Array]) -> Terms:
        """The same terms with each number replaced, in the order of the fields."""
        numbers = (getattr(self, field.name) for field in fields(self))
        return Terms(*(None if number is None else function(number) for number in numbers))


@dataclass(frozen=True, slots=True)
class Segment:
    """A layer's weights under one penalty, with every lane's strength."""

    layer: int
    penalty: EffectivePenalty
    """That of the first lane: all lanes agree on its kind."""
    strengths: tuple[Strength, ...]

    def terms(self, fold: Array, reach: Array, *, decays: bool, proximal: bool) -> Terms:
        """The terms of steps whose gradient arrives multiplied by ``fold`` and whose proximal step is ``reach`` long.

        ``decays`` takes L2 as a decay of the weights; ``proximal`` takes L1 by the proximal step.
        """
        l1 = np.array([[strength.l1] for strength in self.strengths])
        l2 = np.array([[strength.l2] for strength in self.strengths])
        return Terms(
            l1=fold * l1 if self.penalty.has_l1 and not proximal else None,
            l2=fold * l2 if self.penalty.has_l2 and not decays else None,
            decay=1 - fold * l2 if self.penalty.has_l2 and decays else None,
            threshold=reach * l1 if self.penalty.has_l1 and proximal else None,
            minus_threshold=-reach * l1 if self.penalty.has_l1 and proximal else None,
        )


def segments(experiments: Sequence[Experiment], rows: int) -> tuple[Segment, ...]:
    """The penalized layers of a stack that trains on so many rows; raises InvalidSpec if a λ is unresolved.

    The lanes agree on the kinds of penalty, not on their strength.
    """
    of_layers = zip(*(experiment.penalties for experiment in experiments), strict=True)
    found = tuple(
        Segment(layer, lanes[0], tuple(Strength(each.l1 / rows, each.l2 / rows) for each in lanes))
        for layer, lanes in enumerate(of_layers)
        if lanes[0].kind != "none"
    )
    if found and any(experiment.lambda_convention != "textbook" for experiment in experiments):
        message = "Resolve the experiment before training: its lambda is in another tool's convention."
        raise InvalidSpec([SpecProblem(("lambda_convention",), "incompatible", message)])
    return found


def penalty_value(weights: Array, strength: Strength) -> float:
    """``l1 Σ|w| + l2/2 Σw²``; a coefficient of 0 takes no part, so that 0·inf does not arise."""
    value = 0.0
    if strength.l1:
        value += strength.l1 * float(np.abs(weights).sum(dtype=np.float64))
    if strength.l2:
        value += strength.l2 / 2 * float(np.square(weights, dtype=np.float64).sum())
    return value


def smooth_gradient(
    weights: Array, gradient: Array, l1: Array | None, l2: Array | None, scratch: Array
) -> list[Call]:
    """gradient ← gradient + l1·sgn(w) + l2·w, with sgn(0) = 0."""
    calls: list[Call] = []
    if l2 is not None:
        calls += [
            partial(np.multiply, weights, l2, scratch),
            partial(np.add, gradient, scratch, gradient),
        ]
    if l1 is not None:
        calls += [
            partial(np.sign, weights, scratch),
            partial(np.multiply, scratch, l1, scratch),
            partial(np.add, gradient, scratch, gradient),
        ]
    return calls


def shrink(weights: Array, taken: Array, threshold: Array, minus_threshold: Array) -> list[Call]:
    """w ← sgn(w)·max(|w| - threshold, 0), an exact 0 inside the threshold; ``taken`` ← what was taken off.

    That is w minus w clipped to ±threshold. ``ndarray.clip`` is vectorized for numbers, ``np.minimum`` is not.
    """
    return [
        partial(weights.clip, minus_threshold, threshold, taken),
        partial(np.subtract, weights, taken, weights),
    ]
