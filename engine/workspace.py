"""Every buffer that training needs besides the parameters, allocated once for the largest batch."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from engine.calls import Array, aligned
from engine.network import Buffers, Network

__all__ = ["Workspace"]


class Workspace:
    """Named memory for K lanes; smaller batches get views of the same memory, so that it stays in the cache."""

    def __init__(self, lanes: int, dtype: np.dtype[Any]) -> None:
        self.lanes = lanes
        self.dtype = dtype
        self._memory: dict[str, Array] = {}

    def array(self, name: str, *shape: int) -> Array:
        """A C-ordered (K, *shape) array, or (*shape) for one lane; the first one of a name must be the largest."""
        size = self.lanes * prod(shape)
        if name not in self._memory:
            self._memory[name] = aligned(size, self.dtype)
        view = self._memory[name][:size].reshape(self.lanes, *shape)
        return view[0] if self.lanes == 1 else view

    def ones(self, *shape: int) -> Array:
        """Ones without a lane axis."""
        memory = aligned(prod(shape), self.dtype).reshape(shape)
        memory.fill(1)
        return memory

    def buffers(self, network: Network, rows: int) -> Buffers:
        """The buffers of a training step on a batch of ``rows`` rows."""
        units = network.sizes[1:-1]
        outputs = network.sizes[-1]
        a = [self.array(f"a{layer}", rows, size) for layer, size in enumerate(units)]
        self.array("scratch", rows, max(units, default=1))
        dropped = [rate > 0 for rate in network.dropout]
        return Buffers(
            x=self.array("x", rows, network.sizes[0]),
            y=self.array("y", rows, outputs),
            z=[
                a[layer] if activation.from_output else self.array(f"z{layer}", rows, units[layer])
                for layer, activation in enumerate(network.hidden)
            ],
            a=a,
            kept=[
                self.array(f"kept{layer}", rows, size) if dropped[layer] else a[layer]
                for layer, size in enumerate(units)
            ],
            mask=[
                self.array(f"mask{layer}", rows, size) if dropped[layer] else None
                for layer, size in enumerate(units)
            ],
            logits=self.array("logits", outputs, rows),
            delta=[self.array(f"delta{layer}", rows, size) for layer, size in enumerate(units)],
            scratch=[self.array("scratch", rows, size) for size in units],
            narrow=self.array("narrow", 1, rows),
            wide=self.array("wide", outputs, rows),
            ones=self.ones(1, rows),
        )
