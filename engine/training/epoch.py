"""One epoch of a stack: shuffle, step through the batches, flush; the loop that everything else is arranged for.

The same in plain NumPy: engine/textbook/training.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from engine.kernels import Array, run
from engine.optimization.clipping import euclidean
from engine.training.batches import Order
from engine.training.stack import Stack
from engine.training.step import BoundStep
from engine.training.step_sizes import StepSizes

__all__ = ["FLUSH_EVERY", "Epoch"]

FLUSH_EVERY = 256
"""Steps between two flushes of subnormal moments, counted from a lane's first step."""

FAINT = 1e-18
"""Product of gradient and learning rate below which a step may underflow."""


class Epoch:
    """Trains a stack on x (N, I + 1), the last column ones, and y (N, O), one epoch a call.

    ``weights`` (N,) are those of the rows in the loss, None if the network weighs none. All memory is
    allocated on construction.
    """

    def __init__(self, stack: Stack, x: Array, y: Array, weights: Array | None = None) -> None:
        self._stack, self._x, self._y, self._weights = stack, x, np.ascontiguousarray(y.T), weights
        self._order = Order(len(stack), len(x), stack.experiments[0].batch_size)
        self.step_sizes = StepSizes(stack)
        orders = [order for order in (self._order.full, self._order.rest) if len(order)]
        self.stages = [(BoundStep(stack, self.step_sizes, order.shape[-1]), order) for order in orders]

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return sum(len(order) for _, order in self.stages)

    def __call__(self, look: Callable[[], None] | None = None, every: int = 1) -> Array:
        """Train one epoch; returns the (K,) norms of the last batch's gradient of the data loss.

        ``look`` is called between batches, at least after ``every`` steps; what it raises ends the epoch.
        """
        self._order.shuffle([order for order, _ in self._stack.streams])
        table = self.step_sizes.table(self._order.sizes)
        due = self._flushes()
        norms = np.zeros(0)
        first = 0
        for step, order in self.stages:
            stop = first + len(order)
            last = stop == self.steps
            # Where steps are interrupted: to look, to flush, and before the last step, whose gradient is measured.
            # Steps 0 to 9, a look every 4 and a flush after step 6: marks 0, 4, 6, 8, 9.
            end_of_plain = stop - 1 if last else stop
            looks = range(first, end_of_plain, every) if look else ()
            marks = sorted({first, *looks, *(mark for mark in due if first < mark < stop), end_of_plain})
            for start, end in pairwise(marks):
                if look:
                    look()
                self.train(step, order[start - first : end - first], table[start:end])
                self._flush(due.get(end, ()))
            if last:
                if look:
                    look()
                norms = self._last_step(step, order[-1], table[-1])
                self._flush(due.get(stop, ()))
            first = stop
        self._stack.epochs = [epoch + 1 for epoch in self._stack.epochs]
        return norms

    def learning_rates(self) -> Array:
        """(K,) learning rates of the last step."""
        return self.step_sizes.last_rates(self.steps)

    def train(self, step: BoundStep, order: Array, table: Array) -> None:
        """The steps with nothing in between; every operation here is paid for thousands of times a second."""
        gather, current, calls = self._gathering(step), self.step_sizes.current, step.calls
        with np.errstate(all="ignore"):
            for rows, values in zip(order, table, strict=True):
                current[...] = values
                for take, axis, out in gather:
                    take(rows, axis, out, "clip")
                for call in calls:
                    call()

    def _gathering(self, step: BoundStep) -> list[tuple[Callable[..., object], int, Array]]:
        """The gathering of a batch: source, axis and destination buffer of each array."""
        buffers = step.buffers
        gather: list[tuple[Callable[..., object], int, Array]] = [
            (self._x.take, 0, buffers.x),
            (self._y.take, 1, buffers.y),
        ]
        if self._weights is not None and buffers.weights is not None:
            gather.append((self._weights.take, 0, buffers.weights))
        return gather

    def _last_step(self, step: BoundStep, rows: Array, values: Array) -> Array:
        """Train on the last batch; returns the (K,) norms of its gradient.

        Where the gradient would be multiplied by hardly any rate on its way, it is multiplied only once it is measured.
        """
        self.step_sizes.current[...] = values
        fold = self.step_sizes.folds()
        faint = np.flatnonzero(fold < FAINT)
        self.step_sizes.unfold(faint, rows.shape[-1])
        for take, axis, out in self._gathering(step):
            take(rows, axis, out, "clip")
        with np.errstate(all="ignore"):
            run(step.draw)
            run(step.gradient)
            norms = np.array([euclidean(vector) for vector in self._stack.gradient])
            norms /= np.where(fold < FAINT, 1, fold)
            for lane in faint:
                gradient = self._stack.gradient[lane]
                gradient[...] = gradient * fold[lane] if fold[lane] else 0
            run(step.update)
        return norms

    def _flushes(self) -> dict[int, list[int]]:
        """The lanes to flush after each step of the coming epoch."""
        due: dict[int, list[int]] = {}
        for lane, epoch in enumerate(self._stack.epochs):
            first = FLUSH_EVERY - epoch * self.steps % FLUSH_EVERY
            for step in range(first, self.steps + 1, FLUSH_EVERY):
                due.setdefault(step, []).append(lane)
        return due

    def _flush(self, lanes: Iterable[int]) -> None:
        for lane in lanes:
            self._stack.flush(lane)
