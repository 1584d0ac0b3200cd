"""Loss and scores of one lane's parameters on one split, without dropout, in chunks that stay in the cache.

Every chunk's calls are bound once and leave their results row by row in vectors of the whole split; what is left to
do per evaluation is to copy the parameters, run the calls and sum. Lanes are evaluated one after another: the
chunk is large enough to hide the calls' overhead, and a lane's bits cannot depend on its neighbors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.calls import Array, Call, run, transposed
from engine.layout import Layout
from engine.network import Network
from engine.passes import forward
from engine.scores import Scores, scoring
from engine.workspace import Buffers, Workspace

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
    """Evaluates rows of parameters on inputs (N, I + 1) and targets (N, O), N at least 1.

    ``labels`` (N,) are class numbers, None where outputs are not exclusive; ``unit`` (O,) is what one unit of a
    regression target is worth to the user, None for classification.
    """

    def __init__(
        self,
        network: Network,
        layout: Layout,
        inputs: Array,
        targets: Array,
        *,
        labels: Array | None,
        unit: Array | None,
    ) -> None:
        self._layout, self._padded = layout, Layout(padded(layout.sizes))
        self._network = replace(network, sizes=self._padded.sizes, dropout=(0.0,) * len(network.dropout))
        self._parameters = self._padded.rows(1, inputs.dtype)[0]
        self._losses = np.zeros(len(inputs), inputs.dtype)
        columns = np.ascontiguousarray(targets.T)
        self._score, self._scores = scoring(network, columns, labels, unit)
        self._mortal = [layer for layer, each in enumerate(network.hidden) if each.can_die]
        starts = range(0, len(inputs), CHUNK)
        self._peaks = [
            np.zeros((layout.sizes[layer + 1], len(starts)), inputs.dtype) for layer in self._mortal
        ]
        self._calls: list[Call] = []
        buffers: Buffers | None = None
        for number, start in enumerate(starts):
            where = slice(start, min(start + CHUNK, len(inputs)))
            buffers = self._buffers(buffers, inputs[where], columns[:, where])
            self._calls += self._chunk(number, buffers, where)

    def _buffers(self, before: Buffers | None, x: Array, columns: Array) -> Buffers:
        """Buffers around a chunk of the split; chunks of one size share all that they overwrite."""
        y = transposed(columns)
        if before is not None and len(before.x) == len(x):
            return replace(before, x=x, y=y)
        return Workspace(self._network, 1, len(x), x.dtype).around(x, y)

    def _chunk(self, number: int, buffers: Buffers, where: slice) -> list[Call]:
        calls = forward(self._network, self._padded, self._parameters, buffers)
        for layer, peaks in zip(self._mortal, self._peaks, strict=True):
            calls.append(
                partial(np.maximum.reduce, buffers.a[layer][: len(peaks)], 1, None, peaks[:, number])
            )
        calls += self._score(buffers.logits, buffers.wide, where)
        row_losses = self._network.cost.row_losses
        return calls + row_losses(
            buffers.logits, buffers.targets, self._losses[where], buffers.narrow, buffers.wide
        )

    def __call__(self, row: Array) -> Evaluation:
        """Evaluate a (length,) row of parameters."""
        for layer, (fan_in, fan_out) in enumerate(self._layout.shapes):
            weight = self._padded.weight(self._parameters, layer)
            weight[:fan_in, :fan_out] = self._layout.weight(row, layer)
            self._padded.bias(self._parameters, layer)[:fan_out] = self._layout.bias(row, layer)
        with np.errstate(all="ignore"):
            run(self._calls)
            loss = float(self._losses.mean(dtype=np.float64))
            return Evaluation(loss, self._scores(), self._dead_units())

    def _dead_units(self) -> float | None:
        units = sum(self._layout.sizes[1:-1])
        dead = sum(int(np.count_nonzero(peaks.max(axis=1) <= 0)) for peaks in self._peaks)
        return dead / units if units else None
