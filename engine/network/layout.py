"""Layout of each layer's weights and biases in a lane's flat vector of parameters.

A layer is a matrix (fan_in + 1, fan_out): its weights, and its biases as the last row, the weights of an input that is
always 1. One product then computes the layer with its biases, and one its whole gradient. A vector holds the layers'
matrices one after another, padded to whole cache lines. Gradients, moments and best weights use the same
layout, so that an optimizer is a few operations on whole vectors. Layers are views.

The matrix of a first layer with many inputs is stored transposed, unit by unit: BLAS is up to a quarter faster that
way. The rule is static, because a choice by measurement would change bits from run to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from engine.kernels import Array, aligned, transposed

__all__ = ["MANY_INPUTS", "Layout"]

ROW_MULTIPLE = 16
MANY_INPUTS = 256


@dataclass(frozen=True)
class Layout:
    """The layout of a vector for layers of the given sizes, input and output included.

    ``normalized`` says which hidden layers have batch normalization: their γ and β follow after all layers.
    """

    sizes: tuple[int, ...]
    normalized: tuple[bool, ...] = ()

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(fan_in, fan_out) of every layer."""
        return tuple(pairwise(self.sizes))

    @cached_property
    def normalized_units(self) -> tuple[int, ...]:
        """Units of every hidden layer with batch normalization, 0 for one without."""
        return tuple(units * on for units, on in zip(self.sizes[1:-1], self.normalized, strict=False))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Start of each layer; the last entry is the end of the last layer."""
        return tuple(accumulate(((fan_in + 1) * fan_out for fan_in, fan_out in self.shapes), initial=0))

    def by_unit(self, layer: int) -> bool:
        """Whether the layer's matrix is stored transposed, each unit's weights and bias together."""
        return layer == 0 and self.sizes[0] >= MANY_INPUTS

    def stretch(self, layer: int) -> tuple[slice, slice | None]:
        """Slice of a layer's weights, and the positions of its biases relative to the slice."""
        start, (fan_in, fan_out) = self.starts[layer], self.shapes[layer]
        if self.by_unit(layer):
            return slice(start, self.starts[layer + 1]), slice(fan_in, None, fan_in + 1)
        return slice(start, start + fan_in * fan_out), None

    @property
    def layers(self) -> int:
        return len(self.sizes) - 1

    @property
    def parameters(self) -> int:
        return self.starts[-1] + 2 * sum(self.normalized_units)

    @property
    def length(self) -> int:
        """Elements of a vector, padding included."""
        return -(-self.parameters // ROW_MULTIPLE) * ROW_MULTIPLE

    def vectors(self, lanes: int, dtype: np.dtype[Any]) -> Array:
        """(K, length) zeros; every vector starts on a cache line."""
        return aligned((lanes, self.length), dtype)

    def matrix(self, vectors: Array, layer: int) -> Array:
        """(..., fan_in + 1, fan_out) view of a layer in (..., length) vectors."""
        fan_in, fan_out = self.shapes[layer]
        stretch = vectors[..., self.starts[layer] : self.starts[layer + 1]]
        if self.by_unit(layer):
            return transposed(stretch.reshape(*vectors.shape[:-1], fan_out, fan_in + 1))
        return stretch.reshape(*vectors.shape[:-1], fan_in + 1, fan_out)

    def weight(self, vectors: Array, layer: int) -> Array:
        """(..., fan_in, fan_out) view of a layer's weights."""
        return self.matrix(vectors, layer)[..., :-1, :]

    def gamma(self, vectors: Array, layer: int) -> Array:
        """(..., units) view of a normalized layer's γ."""
        start = self.starts[-1] + sum(self.normalized_units[:layer])
        return vectors[..., start : start + self.normalized_units[layer]]

    def beta(self, vectors: Array, layer: int) -> Array:
        """(..., units) view of a normalized layer's β."""
        start = self.starts[-1] + sum(self.normalized_units) + sum(self.normalized_units[:layer])
        return vectors[..., start : start + self.normalized_units[layer]]

    def bias(self, vectors: Array, layer: int) -> Array:
        """(..., fan_out) view of a layer's biases."""
        return self.matrix(vectors, layer)[..., -1, :]
