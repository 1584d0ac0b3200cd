"""Batch normalization: a layer's values are standardized over the batch, then scaled by γ and shifted by β.

Ioffe & Szegedy 2015, as torch.nn.BatchNorm1d: ε = 1e-5, running statistics with momentum 0.1 and the unbiased
variance. A batch of one row has no variance: it is standardized by the running statistics. Evaluation and export
use these too, folded into the layer's weights and biases.

The same in plain NumPy: engine/textbook/network.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.kernels import Array, Call, aligned, constant
from engine.network.layout import Layout

__all__ = ["EPSILON", "MOMENTUM", "BatchNorm", "Running", "folded"]

EPSILON = 1e-5
MOMENTUM = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    """Running statistics of K lanes: (K, units) views of one layer in (K, 2 · all normalized units) vectors."""

    mean: Array
    variance: Array

    @staticmethod
    def vectors(layout: Layout, lanes: int, dtype: np.dtype[Any]) -> Array:
        """Rows before the first step: means 0, variances 1."""
        vectors = aligned((lanes, 2 * sum(layout.normalized_units)), dtype)
        vectors[:, sum(layout.normalized_units) :] = 1
        return vectors

    @classmethod
    def of(cls, layout: Layout, vectors: Array, layer: int) -> Running:
        start, total = sum(layout.normalized_units[:layer]), sum(layout.normalized_units)
        units = layout.normalized_units[layer]
        return cls(vectors[..., start : start + units], vectors[..., total + start : total + start + units])


def _by_unit(vectors: Array) -> Array:
    """(units, K, 1) view of (K, units), or (units, 1) of (units,)."""
    by_unit: Array = vectors.T[..., None]
    return by_unit


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """The normalization of one hidden layer, on values (units, K, B)."""

    gamma: Array
    beta: Array
    gamma_gradient: Array
    beta_gradient: Array
    running: Running
    normal: Array
    scratch: Array
    mean: Array
    inverse: Array

    @classmethod
    def of(cls, layout: Layout, layer: int, vectors: tuple[Array, Array, Array], values: Array) -> BatchNorm:
        """Bind to these values; ``vectors`` are (length,) or (K, length) of parameters, gradients and statistics."""
        parameters, gradient, running = vectors
        narrow = (*values.shape[:-1], 1)
        return cls(
            gamma=_by_unit(layout.gamma(parameters, layer)),
            beta=_by_unit(layout.beta(parameters, layer)),
            gamma_gradient=_by_unit(layout.gamma(gradient, layer)),
            beta_gradient=_by_unit(layout.beta(gradient, layer)),
            running=Running.of(layout, running, layer),
            normal=np.zeros_like(values),
            scratch=np.zeros_like(values),
            mean=aligned(narrow, values.dtype),
            inverse=aligned(narrow, values.dtype),
        )

    @property
    def _rows(self) -> int:
        return int(self.normal.shape[-1])

    def forward(self, z: Array) -> list[Call]:
        """z ← γ(z - mean)/√(variance + ε) + β; the running statistics move along."""
        statistics = self._of_batch(z) if self._rows > 1 else self._of_running(z)
        return [
            *statistics,
            partial(np.add, self.inverse, constant(EPSILON, z), self.inverse),
            partial(np.sqrt, self.inverse, self.inverse),
            partial(np.reciprocal, self.inverse, self.inverse),
            partial(np.multiply, z, self.inverse, self.normal),
            partial(np.multiply, self.normal, self.gamma, z),
            partial(np.add, z, self.beta, z),
        ]

    def _of_running(self, z: Array) -> list[Call]:
        """z ← z - mean; inverse ← variance."""
        return [
            partial(np.subtract, z, _by_unit(self.running.mean), z),
            partial(np.copyto, self.inverse, _by_unit(self.running.variance)),
        ]

    def _of_batch(self, z: Array) -> list[Call]:
        share, unbiased = constant(1 / self._rows, z), constant(self._rows / (self._rows - 1), z)
        return [
            partial(np.add.reduce, z, -1, None, self.mean, keepdims=True),
            partial(np.multiply, self.mean, share, self.mean),
            partial(np.subtract, z, self.mean, z),
            partial(np.multiply, z, z, self.scratch),
            partial(np.add.reduce, self.scratch, -1, None, self.inverse, keepdims=True),
            partial(np.multiply, self.inverse, share, self.inverse),
            *_moved(_by_unit(self.running.mean), self.mean),
            partial(np.multiply, self.inverse, unbiased, self.mean),
            *_moved(_by_unit(self.running.variance), self.mean),
        ]

    def backward(self, delta: Array) -> list[Call]:
        """delta ← the derivative by the values that came in; the gradients of γ and β are left in their vector."""
        calls: list[Call] = [
            partial(np.add.reduce, delta, -1, None, self.beta_gradient, keepdims=True),
            partial(np.multiply, delta, self.normal, self.scratch),
            partial(np.add.reduce, self.scratch, -1, None, self.gamma_gradient, keepdims=True),
        ]
        if self._rows > 1:
            share = constant(1 / self._rows, delta)
            calls += [
                partial(np.multiply, self.beta_gradient, share, self.mean),
                partial(np.subtract, delta, self.mean, delta),
                partial(np.multiply, self.gamma_gradient, share, self.mean),
                partial(np.multiply, self.normal, self.mean, self.scratch),
                partial(np.subtract, delta, self.scratch, delta),
            ]
        return [
            *calls,
            partial(np.multiply, self.inverse, self.gamma, self.inverse),
            partial(np.multiply, delta, self.inverse, delta),
        ]


def _moved(running: Array, seen: Array) -> list[Call]:
    """running ← running + momentum (seen - running); destroys ``seen``."""
    return [
        partial(np.subtract, seen, running, seen),
        partial(np.multiply, seen, constant(MOMENTUM, seen), seen),
        partial(np.add, running, seen, running),
    ]


def folded(layout: Layout, vector: Array, running: Array) -> Array:
    """A (length,) vector of the same network without normalization that computes what this one does in evaluation."""
    if not any(layout.normalized_units):
        return vector
    plain = Layout(layout.sizes)
    found: Array = plain.vectors(1, vector.dtype)[0]
    for layer in range(layout.layers):
        weight, bias = layout.weight(vector, layer), layout.bias(vector, layer)
        if layer < len(layout.normalized_units) and layout.normalized_units[layer]:
            statistics = Running.of(layout, running, layer)
            scale = layout.gamma(vector, layer) / np.sqrt(statistics.variance + vector.dtype.type(EPSILON))
            weight = weight * scale
            bias = (bias - statistics.mean) * scale + layout.beta(vector, layer)
        plain.weight(found, layer)[...] = weight
        plain.bias(found, layer)[...] = bias
    return found
