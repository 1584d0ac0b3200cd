"""Loss and scores of one lane's parameters on one split, without dropout, in chunks that stay in the cache.

Every chunk's calls are bound once and leave their results row by row in vectors of the whole split; what is left to
do per evaluation is to copy the parameters, run the calls and sum. Lanes are evaluated one after another: the
chunk is large enough to hide the calls' overhead, and a lane's bits cannot depend on its neighbors.

The same in plain NumPy: engine/textbook/evaluation.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.data import Part
from engine.kernels import Array, Call, aligned, product, run
from engine.network.buffers import Buffers, Workspace
from engine.network.layout import MANY_INPUTS, Layout
from engine.network.passes import forward
from engine.network.shape import Network
from engine.spec.cost import CHUNK
from engine.training.scores import Scores, scoring

__all__ = ["Evaluation", "Evaluator"]

FEW_UNITS, WIDTH = 64, 16


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean row loss, the task's scores, and the share of hidden units that are 0 on every row."""

    loss: float
    scores: Scores
    dead_units: float | None


def skinny(sizes: tuple[int, ...]) -> bool:
    """Whether the first layer leads from many inputs into few hidden units.

    With a whole chunk of rows BLAS then computes it a quarter faster row by row, into a multiple of 16 columns.
    """
    return len(sizes) > 2 and sizes[0] >= MANY_INPUTS and sizes[1] <= FEW_UNITS


class Evaluator:
    """Evaluates parameters on a part of the data with at least one row.

    ``unit`` (O,) is what one unit of a regression target is worth to the user, None for classification.
    """

    def __init__(self, network: Network, layout: Layout, part: Part, unit: Array | None) -> None:
        inputs, targets = part.inputs, part.targets
        self._layout, self._parameters = layout, layout.vectors(1, inputs.dtype)[0]
        self._network = replace(
            network, dropout=(0.0,) * len(network.dropout), input_dropout=0.0, weighted=False
        )
        self._factor, self._weights = network.cost.factor(targets.shape[1]), part.weights
        width = -(-layout.sizes[1] // WIDTH) * WIDTH if skinny(layout.sizes) else 0
        self._wide = aligned((inputs.shape[1], width), inputs.dtype)
        self._by_row = aligned((min(CHUNK, len(inputs)), width), inputs.dtype)
        self._losses = np.zeros(len(inputs), inputs.dtype)
        columns = np.ascontiguousarray(targets.T)
        self._score, self._scores = scoring(network, columns, part.labels, unit)
        self._mortal = [layer for layer, each in enumerate(network.hidden) if each.can_die]
        starts = range(0, len(inputs), CHUNK)
        self._peaks = [
            np.zeros((layout.sizes[layer + 1], len(starts)), inputs.dtype) for layer in self._mortal
        ]
        self._chunks: list[list[Call]] = []
        buffers: Buffers | None = None
        for number, start in enumerate(starts):
            where = slice(start, min(start + CHUNK, len(inputs)))
            buffers = self._buffers(buffers, inputs[where], columns[:, where])
            self._chunks.append(self._chunk(number, buffers, where))

    def _buffers(self, before: Buffers | None, x: Array, columns: Array) -> Buffers:
        """Buffers around a chunk of the split; chunks of one size share all that they overwrite."""
        if before is not None and len(before.x) == len(x):
            return replace(before, x=x, y=columns)
        return Workspace(self._network, 1, len(x), x.dtype).around(x, columns)

    def _chunk(self, number: int, buffers: Buffers, where: slice) -> list[Call]:
        first = self._first(buffers) if self._wide.size else None
        calls = forward(self._network, self._layout, self._parameters, buffers, {}, first)
        for layer, peaks in zip(self._mortal, self._peaks, strict=True):
            calls.append(partial(np.maximum.reduce, buffers.a[layer], 1, None, peaks[:, number]))
        calls += self._score(buffers.logits, buffers.wide, where)
        row_losses = self._network.cost.row_losses
        return calls + row_losses(
            buffers.logits, buffers.y, self._losses[where], buffers.narrow, buffers.wide
        )

    def _first(self, buffers: Buffers) -> list[Call]:
        """The first layer of a skinny network, row by row and then turned."""
        by_row = self._by_row[: len(buffers.x)]
        turned = by_row[:, : len(buffers.z[0])].T
        return [product(buffers.x, self._wide, by_row), partial(np.copyto, buffers.z[0], turned)]

    def __call__(self, parameters: Array, look: Callable[[], None] | None = None) -> Evaluation:
        """Evaluate (length,) parameters; ``look`` is called between chunks, and may raise."""
        self._parameters[...] = parameters
        if self._wide.size:
            self._wide[:, : self._layout.sizes[1]] = self._layout.matrix(parameters, 0)
        with np.errstate(all="ignore"):
            for calls in self._chunks:
                if look:
                    look()
                run(calls)
            weighted = self._losses if self._weights is None else self._losses * self._weights
            loss = float(weighted.mean(dtype=np.float64)) * self._factor
            return Evaluation(loss, self._scores(), self._dead_units())

    def _dead_units(self) -> float | None:
        units = sum(self._layout.sizes[1:-1])
        dead = sum(int(np.count_nonzero(peaks.max(axis=1) <= 0)) for peaks in self._peaks)
        return dead / units if units else None
