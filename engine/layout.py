"""Where each layer's weights and biases lie in the one flat row of parameters that a lane has.

A row is ``[all weights | all biases | padding]``. Gradients, moments and best weights use the same layout, so an
optimizer is a few operations on whole rows, a penalty one on the slice of weights, and biases stay out of it
by construction. Layers are views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from engine.calls import Array, aligned, transposed

__all__ = ["Layout", "by_unit"]

ROW_MULTIPLE = 16
SMALL_BATCH, FEW_UNITS, MANY_INPUTS = 16, 64, 256


def by_unit(sizes: Sequence[int], batch: int) -> bool:
    """Whether the first layer is stored (out, in) rather than (in, out).

    For a small batch into few units from many inputs the BLAS kernels are faster that way round. The rule is
    static, because a choice by measurement would change bits from run to run.
    """
    return batch <= SMALL_BATCH and sizes[1] <= FEW_UNITS and sizes[0] >= MANY_INPUTS


@dataclass(frozen=True)
class Layout:
    """The layout of a row for layers of the given sizes, input and output included."""

    sizes: tuple[int, ...]
    first_by_unit: bool = False

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(fan_in, fan_out) of every layer."""
        return tuple(pairwise(self.sizes))

    @cached_property
    def weight_starts(self) -> tuple[int, ...]:
        """Where each layer's weights start; the last entry is where the biases start."""
        return tuple(accumulate(map(prod, self.shapes), initial=0))

    @cached_property
    def bias_starts(self) -> tuple[int, ...]:
        """Where each layer's biases start; the last entry is the number of parameters."""
        return tuple(accumulate(self.sizes[1:], initial=self.weights))

    @property
    def layers(self) -> int:
        return len(self.sizes) - 1

    @property
    def weights(self) -> int:
        """Number of weights, biases not counted."""
        return self.weight_starts[-1]

    @property
    def parameters(self) -> int:
        return self.bias_starts[-1]

    @property
    def length(self) -> int:
        """Elements of a row, padding included."""
        return -(-self.parameters // ROW_MULTIPLE) * ROW_MULTIPLE

    def rows(self, lanes: int, dtype: np.dtype[Any]) -> Array:
        """(K, length) zeros; every row starts on a cache line."""
        return aligned(lanes * self.length, dtype).reshape(lanes, self.length)

    def weight(self, rows: Array, layer: int) -> Array:
        """(..., fan_in, fan_out) view of one layer's weights in (..., length) rows."""
        fan_in, fan_out = self.shapes[layer]
        stretch = rows[..., self.weight_starts[layer] : self.weight_starts[layer + 1]]
        if layer == 0 and self.first_by_unit:
            return transposed(stretch.reshape(*rows.shape[:-1], fan_out, fan_in))
        return stretch.reshape(*rows.shape[:-1], fan_in, fan_out)

    def bias(self, rows: Array, layer: int) -> Array:
        """(..., 1, fan_out) view of one layer's biases in (..., length) rows."""
        return rows[..., None, self.bias_starts[layer] : self.bias_starts[layer + 1]]
