"""Every buffer that a pass over a batch needs besides the parameters, allocated once.

Values of a layer are (units, K, B), without the lane axis for one lane: units first, so that a layer's input
with its row of ones is one array, its units alone are a contiguous part of it, and elementwise kernels see plain
contiguous memory whatever the number of lanes. Where a layer or a batch is a mere vector the memory is lane by lane:
BLAS then takes its vector routines, whose bits depend on strides, and a lane must not differ from a lone run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.kernels import Array, aligned
from engine.network.activations import Values
from engine.network.shape import Network

__all__ = ["Buffers", "Workspace"]


@dataclass(frozen=True, slots=True)
class Buffers:
    """Arrays of one pass over B rows; tuples have one array for each hidden layer."""

    # The batch.
    x: Array
    """(K, B, I + 1), which ends in a column of ones."""
    x_mask: Array | None
    """Like ``x``: 0 or 1/(1-p); None without input dropout."""
    weights: Array | None
    """(K, B) weights of the rows; None where all weigh the same."""
    y: Array
    """(O, K, B)."""

    # Forward, layer by layer.
    z: tuple[Array, ...]
    """(units, K, B), the layer's values; the same array as ``a`` where the derivative needs no z."""
    a: tuple[Array, ...]
    """(units, K, B), the activation's values."""
    mask: tuple[Array | None, ...]
    """(units, K, B), 0 or 1/(1-p); None without dropout."""
    inputs: tuple[Array, ...]
    """(units + 1, K, B), what the next layer sees, a row of ones at its end."""
    logits: Array
    """(O, K, B)."""

    # Backward, and scratch.
    delta: tuple[Array, ...]
    """(units, K, B), the derivative by the layer's output, then by z."""
    scratch: tuple[Array, ...]
    zeros: tuple[Array, ...]
    """(units, K, B) zeros that are never written."""
    narrow: Array
    """(K, B)."""
    wide: Array
    """(O, K, B)."""

    def values(self, layer: int) -> Values:
        """The arrays that the kernels of a hidden layer's activation use."""
        return Values(self.z[layer], self.a[layer], self.delta[layer], self.scratch[layer], self.zeros[layer])


@dataclass(frozen=True, slots=True)
class Workspace:
    """Allocates for a network, K lanes and batches of ``rows`` rows."""

    network: Network
    lanes: int
    rows: int
    dtype: np.dtype[Any]

    def values(self, units: int) -> Array:
        """(units, K, B) zeros."""
        if self.lanes == 1:
            return aligned((units, self.rows), self.dtype)
        if 1 in {self.rows, *self.network.sizes[1:]}:
            return aligned((self.lanes, units, self.rows), self.dtype).swapaxes(0, 1)
        return aligned((units, self.lanes, self.rows), self.dtype)

    def buffers(self) -> Buffers:
        """The buffers of a training step; ``x`` and ``y`` are C-ordered, so that rows can be gathered into them."""
        batch = (self.rows,) if self.lanes == 1 else (self.lanes, self.rows)
        x = aligned((*batch, self.network.sizes[0] + 1), self.dtype)
        y = aligned((self.network.sizes[-1], *batch), self.dtype)
        return self.around(x, y)

    def around(self, x: Array, y: Array) -> Buffers:
        """Buffers for a batch that exists already."""
        network = self.network
        units, outputs = network.sizes[1:-1], network.sizes[-1]
        inputs = tuple(self._input(size) for size in units)
        dropped = [rate > 0 for rate in network.dropout]
        a = tuple(
            self.values(size) if dropped[layer] else inputs[layer][:size] for layer, size in enumerate(units)
        )
        scratch, zeros = self.values(max(units, default=0)), self.values(max(units, default=0))
        return Buffers(
            x=x,
            x_mask=aligned(x.shape, self.dtype) if network.input_dropout else None,
            weights=aligned(y.shape[1:], self.dtype) if network.weighted else None,
            y=y,
            z=tuple(
                np.zeros_like(mine) if each.keeps_slope else mine
                for mine, each in zip(a, network.hidden, strict=True)
            ),
            a=a,
            inputs=inputs,
            mask=tuple(self.values(size) if dropped[layer] else None for layer, size in enumerate(units)),
            delta=tuple(self.values(size) for size in units),
            scratch=tuple(scratch[:size] for size in units),
            zeros=tuple(zeros[:size] for size in units),
            logits=self.values(outputs),
            narrow=self.values(1)[0],
            wide=self.values(outputs),
        )

    def _input(self, units: int) -> Array:
        values = self.values(units + 1)
        values[units] = 1
        return values
