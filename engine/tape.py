"""The training step of a stack for batches of one size, bound once as a list of NumPy calls."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.calls import Array, Call, aligned, constant
from engine.coefficients import Coefficients
from engine.optimizers import OPTIMIZERS, Block, Piece
from engine.passes import backward, forward
from engine.penalties import smooth_gradient
from engine.stack import Stack
from engine.workspace import Buffers, Workspace

__all__ = ["Tape"]

BLOCK = 32_768
"""Parameters an optimizer updates at a time: five float32 arrays of this length stay in a core's cache."""


class Tape:
    """One step on ``rows`` rows: ``draw`` the dropout masks, compute the ``gradient``, ``update`` the parameters."""

    def __init__(self, stack: Stack, coefficients: Coefficients, rows: int) -> None:
        self.buffers = Workspace(stack.network, len(stack), rows, stack.parameters.dtype).buffers()
        self.draw = tuple(_masks(stack, self.buffers))
        parameters, gradient = _rows(stack.parameters), _rows(stack.gradient)
        scale = coefficients.view("scale")
        self.gradient = (
            *forward(stack.network, stack.layout, parameters, self.buffers),
            *backward(stack.network, stack.layout, parameters, gradient, self.buffers, scale),
        )
        self.update = tuple(_update(stack, coefficients))
        self.step = (*self.draw, *self.gradient, *self.update)


def _rows(rows: Array) -> Array:
    """(length,) for one lane, so that the cheaper two-dimensional calls are used; else (K, length)."""
    return rows[0] if len(rows) == 1 else rows


def _masks(stack: Stack, buffers: Buffers) -> Iterator[Call]:
    """``mask`` ← 1/(1-p) with probability 1-p, else 0, from every lane's own stream."""
    for mask, rate in zip(buffers.mask, stack.network.dropout, strict=True):
        if mask is None:
            continue
        uniform = aligned((len(stack), len(mask), mask.shape[-1]), mask.dtype)
        for lane, (_, dropout) in zip(uniform, stack.streams, strict=True):
            yield partial(dropout.random, dtype=mask.dtype, out=lane)
        by_unit = uniform.swapaxes(0, 1).reshape(mask.shape, copy=False)
        yield partial(np.add, by_unit, constant(1 - rate, mask), out=mask)
        yield partial(np.floor, mask, out=mask)
        yield partial(np.multiply, mask, constant(1 / (1 - rate), mask), out=mask)


def _update(stack: Stack, coefficients: Coefficients) -> Iterator[Call]:
    spec = stack.experiments[0].optimizer
    rule = OPTIMIZERS[type(spec)]
    scratch = _rows(aligned((len(stack), min(BLOCK, stack.layout.length)), stack.parameters.dtype))
    views = {name: coefficients.view(name) for name in coefficients.names}
    for start in range(0, stack.layout.length, BLOCK):
        where = slice(start, min(start + BLOCK, stack.layout.length))
        block = Block(
            weights=_rows(stack.parameters)[..., where],
            gradient=_rows(stack.gradient)[..., where],
            moments={name: _rows(moment)[..., where] for name, moment in stack.moments.items()},
            scratch=scratch[..., : where.stop - where.start],
            pieces=tuple(_pieces(stack, coefficients, where)),
            coefficients=views,
        )
        for piece in block.pieces:
            yield from _penalize(block, piece)
        yield from rule.update(spec, block)


def _pieces(stack: Stack, coefficients: Coefficients, block: slice) -> Iterator[Piece]:
    """The penalized weights within a block of the row."""
    for index, segment in enumerate(stack.segments):
        where, biases = stack.layout.stretch(segment.layer)
        start, stop = max(where.start, block.start), min(where.stop, block.stop)
        if start < stop:
            yield Piece(
                where=slice(start - block.start, stop - block.start),
                biases=biases and _shifted(biases, start - where.start),
                **{
                    name: coefficients.get(f"{name}/{index}")
                    for name in ("l1", "l2", "decay", "threshold", "minus_threshold")
                },
            )


def _shifted(every: slice, offset: int) -> slice:
    """The same elements, counted from ``offset`` on."""
    return slice((every.start - offset) % every.step, None, every.step)


def _penalize(block: Block, piece: Piece) -> list[Call]:
    weights, gradient, scratch = (piece.of(array) for array in (block.weights, block.gradient, block.scratch))
    calls = smooth_gradient(weights, gradient, piece.l1, piece.l2, scratch)
    return piece.spare(block.gradient, calls)
