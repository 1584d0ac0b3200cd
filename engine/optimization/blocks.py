"""What an optimizer is, and what it updates: stretches of the rows of parameters, with the penalized pieces in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.kernels import Array, Call, larger, smaller
from engine.optimization.penalties import shrink

__all__ = ["Block", "Coefficients", "Piece", "Rule"]

Coefficients = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Piece:
    """A layer's weights within a block; a coefficient of None stands for a term their penalty does not have.

    ``l1`` and ``l2`` go into the gradient; ``decay`` is 1 - ηl2, for an optimizer that takes L2 as a decay instead.
    ``biases`` are elements among the weights that no penalty may touch.
    """

    where: slice
    biases: slice | None
    l1: Array | None = None
    l2: Array | None = None
    decay: Array | None = None
    threshold: Array | None = None
    minus_threshold: Array | None = None

    def of(self, array: Array) -> Array:
        """This piece of an array of the block."""
        return array[..., self.where]

    def spare(self, array: Array, calls: list[Call]) -> list[Call]:
        """Calls that change this piece of an array, made to leave its biases as they are."""
        if self.biases is None or not calls:
            return calls
        biases = self.of(array)[..., self.biases]
        saved = np.zeros_like(biases)
        # Half as long as np.copyto takes for so little.
        return [partial(saved.__setitem__, ..., biases), *calls, partial(biases.__setitem__, ..., saved)]

    def scaled(self, array: Array, factor: Array) -> list[Call]:
        """array ← factor · array, biases left out."""
        return self.spare(array, [partial(np.multiply, self.of(array), factor, self.of(array))])

    def shrunk(self, array: Array, taken: Array) -> list[Call]:
        """The proximal step with one threshold for all weights; ``taken`` ← what it takes off."""
        if self.threshold is None or self.minus_threshold is None:
            return []
        calls = shrink(self.of(array), self.of(taken), self.threshold, self.minus_threshold)
        return self.spare(array, calls)

    def shrunk_by_scale(self, array: Array, taken: Array, scale: Array) -> list[Call]:
        """The proximal step with the threshold ``threshold/scale`` for each weight; destroys ``scale``."""
        if self.threshold is None:
            return []
        weights, taken, limit = self.of(array), self.of(taken), self.of(scale)
        calls: list[Call] = [
            partial(np.divide, self.threshold, limit, limit),
            smaller(weights, limit, taken),
            partial(np.negative, limit, limit),
            larger(taken, limit, taken),
            partial(np.subtract, weights, taken, weights),
        ]
        return self.spare(array, calls)

    def given_back(self, velocity: Array, taken: Array, back: Array) -> list[Call]:
        """velocity ← velocity + back · taken, where the proximal step took something off."""
        share, speed = self.of(taken), self.of(velocity)
        calls: list[Call] = [
            partial(np.multiply, share, back, share),
            partial(np.add, speed, share, speed),
        ]
        return self.spare(velocity, calls)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of every lane's row, with the coefficients of the step: zero-dimensional, or (K, 1).

    ``pieces`` are the weights of every layer in it, penalized or not. ``folded`` says that the gradient arrives
    multiplied by the learning rate.
    """

    weights: Array
    gradient: Array
    moments: Mapping[str, Array]
    scratch: Array
    pieces: Sequence[Piece]
    coefficients: Mapping[str, Array]
    folded: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One optimizer.

    ``moments`` maps each moment to the magnitude below which it may be flushed to zero, 0 for never. ``folds``
    says whether the step is linear in the gradient: then η is folded into the backward pass and L2 acts as a decay
    of the weights, both of which are faster.
    """

    moments: Callable[[Any], Mapping[str, float]]
    coefficients: Callable[[Sequence[Any], Array, Array], Coefficients]
    update: Callable[[Any, Block], list[Call]]
    folds: Callable[[Any], bool] = lambda spec: False
