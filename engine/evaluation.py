"""Loss and scores of one lane's parameters on one split, without dropout, in chunks that stay in the cache.

Every chunk's calls are bound once and leave their results row by row in vectors of the whole split; what is left to
do per evaluation is to copy the parameters, run the calls and sum. Lanes are evaluated one after another: the
chunk is large enough to hide the calls' overhead, and a lane's bits cannot depend on its neighbors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.calls import Array, Call, run, transposed
from engine.layout import Layout
from engine.network import Buffers, Network, forward
from engine.scores import Scores, scoring
from engine.workspace import Workspace

__all__ = ["Evaluation", "Evaluator", "padded"]

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean row loss, the task's scores, and the share of hidden units that are 0 on every row."""

    loss: float
    scores: Scores
    dead_units: float | None


def padded(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Layer sizes with a skinny first hidden layer widened to a multiple of 16, for which BLAS is faster.

    The added units have no weights in or out and change nothing.
    """
    if len(sizes) < 3 or sizes[1] > 256:
        return sizes
    return (sizes[0], -(-sizes[1] // 16) * 16, *sizes[2:])


class Evaluator:
    """Evaluates rows of parameters on x (N, I) and targets (N, O), N at least 1.

    ``labels`` (N,) are class numbers, None where outputs are not exclusive; ``unit`` (O,) is what one unit of a
    regression target is worth to the user, None for classification.
    """

    def __init__(
        self,
        network: Network,
        layout: Layout,
        x: Array,
        targets: Array,
        *,
        labels: Array | None,
        unit: Array | None,
    ) -> None:
        self._layout = layout
        self._network = network
        self._padded = Layout(padded(layout.sizes))
        self._parameters = self._padded.rows(1, x.dtype)[0]
        self._workspace = Workspace(1, x.dtype)
        self._losses = np.zeros((1, len(x)), x.dtype)
        columns = np.ascontiguousarray(targets.T)
        self._score, self._scores = scoring(network, columns, labels, unit)
        self._hidden = [layer for layer, each in enumerate(network.hidden) if each.can_die]
        chunks = range(0, len(x), CHUNK)
        self._fired = [
            np.zeros((len(chunks), self._padded.sizes[layer + 1]), x.dtype) for layer in self._hidden
        ]
        self._calls: list[Call] = []
        for number, start in enumerate(chunks):
            where = slice(start, min(start + CHUNK, len(x)))
            self._calls += self._chunk(number, x[where], columns[:, where], where)

    def _chunk(self, number: int, x: Array, columns: Array, where: slice) -> list[Call]:
        buffers = self._buffers(x, transposed(columns))
        calls = forward(self._network, self._padded, self._parameters, buffers)
        for layer, fired in zip(self._hidden, self._fired, strict=True):
            calls.append(partial(np.maximum.reduce, buffers.a[layer], axis=0, out=fired[number]))
        calls += self._score(buffers.logits, buffers.wide, where)
        row_losses = self._network.cost.row_losses
        return calls + row_losses(
            buffers.logits, buffers.y, self._losses[:, where], buffers.narrow, buffers.wide
        )

    def _buffers(self, x: Array, y: Array) -> Buffers:
        rows, outputs = y.shape
        memory = self._workspace.array
        a = [memory(f"a{layer}", rows, size) for layer, size in enumerate(self._padded.sizes[1:-1])]
        return Buffers(
            x=x,
            y=y,
            z=a,
            a=a,
            kept=a,
            mask=[None] * len(a),
            logits=memory("logits", outputs, rows),
            delta=(),
            scratch=(),
            narrow=memory("narrow", 1, rows),
            wide=memory("wide", outputs, rows),
            ones=np.ones(0),
        )

    def __call__(self, row: Array) -> Evaluation:
        """Evaluate a (length,) row of parameters."""
        for layer, (fan_in, fan_out) in enumerate(self._layout.shapes):
            weight = self._padded.weight(self._parameters, layer)
            weight[:fan_in, :fan_out] = self._layout.weight(row, layer)
            self._padded.bias(self._parameters, layer)[:, :fan_out] = self._layout.bias(row, layer)
        with np.errstate(all="ignore"):
            run(self._calls)
            loss = float(self._losses.mean(dtype=np.float64))
            return Evaluation(loss, self._scores(), self._dead_units())

    def _dead_units(self) -> float | None:
        units = sum(self._layout.sizes[1:-1])
        dead = 0
        for layer, fired in zip(self._hidden, self._fired, strict=True):
            real = fired[:, : self._layout.sizes[layer + 1]]
            dead += int(np.count_nonzero(real.max(axis=0) <= 0))
        return dead / units if units else None
