"""Rows of a table in blocks, to bound the memory beside the table and its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.data.columns import Encoding, width
from engine.kernels import Array
from engine.spec.cost import BLOCK_VALUES

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """The rows ``index`` of x (N, C), all where that is None, as features: by the encoding, if there is one.

    Iterating gives blocks (n, I), each time anew.
    """

    x: Array
    index: Array | None = None
    encoding: Encoding | None = None

    def __len__(self) -> int:
        return len(self.x if self.index is None else self.index)

    @property
    def width(self) -> int:
        """I, the number of features."""
        return int(self.x.shape[1]) if self.encoding is None else width(self.encoding.columns)

    def __iter__(self) -> Iterator[Array]:
        step = max(1, BLOCK_VALUES // self.width)
        for start in range(0, len(self), step):
            which = slice(start, start + step)
            block = self.x[which] if self.index is None else self.x[self.index[which]]
            yield block if self.encoding is None else self.encoding.apply(block)
