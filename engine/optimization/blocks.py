"""Blocks: the stretches of parameters that an optimizer updates at a time, and the layers' weights in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.kernels import Array, Call, larger, smaller
from engine.optimization.penalties import Terms, shrink

__all__ = ["Block", "Piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A layer's weights within a block."""

    where: slice
    biases: slice | None
    """Elements among the weights that no penalty may touch."""
    terms: Terms

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
        threshold, minus_threshold = self.terms.threshold, self.terms.minus_threshold
        if threshold is None or minus_threshold is None:
            return []
        calls = shrink(self.of(array), self.of(taken), threshold, minus_threshold)
        return self.spare(array, calls)

    def shrunk_by_scale(self, array: Array, taken: Array, scale: Array) -> list[Call]:
        """The proximal step with the threshold ``threshold/scale`` for each weight; destroys ``scale``."""
        if self.terms.threshold is None:
            return []
        weights, taken, limit = self.of(array), self.of(taken), self.of(scale)
        calls: list[Call] = [
            partial(np.divide, self.terms.threshold, limit, limit),
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
    """A stretch of the parameters of every lane: (length,) arrays, or (K, length)."""

    weights: Array
    gradient: Array
    moments: Mapping[str, Array]
    scratch: Array
    pieces: Sequence[Piece]
    """The weights of every layer in it, penalized or not."""
    coefficients: Mapping[str, Array]
    """The optimizer's numbers of the current step: zero-dimensional, or (K, 1)."""
    folded: bool
    """Whether the gradient arrives multiplied by the learning rate."""
