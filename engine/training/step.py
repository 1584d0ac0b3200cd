"""The training step of a stack for batches of one size, bound once as a list of NumPy calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from engine.kernels import Array, Call, aligned, constant
from engine.network.batch_norm import BatchNorm
from engine.network.buffers import Buffers, Workspace
from engine.network.passes import Norms, backward, forward
from engine.optimization.blocks import Block, Piece
from engine.optimization.clipping import clip_calls, max_norm_calls
from engine.optimization.optimizers import OPTIMIZERS
from engine.optimization.penalties import smooth_gradient
from engine.training.stack import Stack
from engine.training.step_sizes import Coefficients

__all__ = ["Tape"]

BLOCK = 32_768
"""Parameters an optimizer updates at a time: five float32 arrays of this length stay in a core's cache."""


class Tape:
    """One step on ``rows`` rows: ``draw`` the dropout masks, compute the ``gradient``, ``update`` the parameters."""

    def __init__(self, stack: Stack, coefficients: Coefficients, rows: int) -> None:
        self.buffers = Workspace(stack.network, len(stack), rows, stack.parameters.dtype).buffers()
        self.draw = (*_input_mask(stack, self.buffers), *_masks(stack, self.buffers))
        parameters, gradient = _rows(stack.parameters), _rows(stack.gradient)
        network, layout, error = stack.network, stack.layout, coefficients.view("error")
        norms = _norms(stack, self.buffers)
        self.gradient = (
            *forward(network, layout, parameters, self.buffers, norms),
            *backward(network, layout, (parameters, gradient), self.buffers, norms, error),
        )
        self.update = tuple(_update(stack, coefficients))
        self.step = (*self.draw, *self.gradient, *self.update)


def _rows(rows: Array) -> Array:
    """(length,) for one lane, so that the cheaper two-dimensional calls are used; else (K, length)."""
    return rows[0] if len(rows) == 1 else rows


def _norms(stack: Stack, buffers: Buffers) -> Norms:
    rows = (_rows(stack.parameters), _rows(stack.gradient), _rows(stack.running))
    layers = [layer for layer, units in enumerate(stack.layout.normalized_units) if units]
    return {layer: BatchNorm.of(stack.layout, layer, rows, buffers.z[layer]) for layer in layers}


def _input_mask(stack: Stack, buffers: Buffers) -> list[Call]:
    """``x_mask`` ← 1/(1-p) with probability 1-p, else 0, and 1 for the column of ones."""
    mask, rate = buffers.x_mask, stack.network.input_dropout
    if mask is None:
        return []
    ones = constant(1, mask)
    lanes = mask.reshape(len(stack), *mask.shape[-2:])
    return [*_drawn(stack, lanes, mask, rate), partial(np.copyto, mask[..., -1], ones)]


def _masks(stack: Stack, buffers: Buffers) -> Iterator[Call]:
    """``mask`` ← 1/(1-p) with probability 1-p, else 0."""
    for mask, rate in zip(buffers.mask, stack.network.dropout, strict=True):
        if mask is not None:
            lanes = aligned((len(stack), len(mask), mask.shape[-1]), mask.dtype)
            yield from _drawn(stack, lanes, mask, rate)


def _drawn(stack: Stack, lanes: Array, mask: Array, rate: float) -> Iterator[Call]:
    """Draw uniform numbers for every lane from its own stream, and make the mask of them."""
    for lane, (_, dropout) in zip(lanes, stack.streams, strict=True):
        yield partial(dropout.random, dtype=mask.dtype, out=lane)
    uniform = mask if np.shares_memory(lanes, mask) else lanes.swapaxes(0, 1).reshape(mask.shape, copy=False)
    yield partial(np.add, uniform, constant(1 - rate, mask), mask)
    yield partial(np.floor, mask, mask)
    yield partial(np.multiply, mask, constant(1 / (1 - rate), mask), mask)


def _update(stack: Stack, coefficients: Coefficients) -> Iterator[Call]:
    """Penalize, clip, step and bound the norms; block by block, except where all of the gradient must be known."""
    spec = stack.experiments[0].optimizer
    rule = OPTIMIZERS[type(spec)]
    blocks = list(_blocks(stack, coefficients))
    penalized = [[call for piece in block.pieces for call in _penalize(block, piece)] for block in blocks]
    if (limit := coefficients.get("clip_norm")) is not None:
        yield from (call for calls in penalized for call in calls)
        yield from clip_calls(_rows(stack.gradient), limit, _thresholds(stack, coefficients))
        penalized = [[] for _ in blocks]
    for block, calls in zip(blocks, penalized, strict=True):
        yield from calls
        yield from rule.update(spec, block)
    if (limit := coefficients.get("max_norm")) is not None:
        yield from max_norm_calls(stack.layout, _rows(stack.parameters), limit)


def _thresholds(stack: Stack, coefficients: Coefficients) -> list[Array]:
    names = [
        f"{name}/{index}" for index in range(len(stack.segments)) for name in ("threshold", "minus_threshold")
    ]
    return [view for view in map(coefficients.get, names) if view is not None]


def _blocks(stack: Stack, coefficients: Coefficients) -> Iterator[Block]:
    scratch = _rows(aligned((len(stack), min(BLOCK, stack.layout.length)), stack.parameters.dtype))
    views = {name: coefficients.view(name) for name in coefficients.names}
    for start in range(0, stack.layout.length, BLOCK):
        where = slice(start, min(start + BLOCK, stack.layout.length))
        yield Block(
            weights=_rows(stack.parameters)[..., where],
            gradient=_rows(stack.gradient)[..., where],
            moments={name: _rows(moment)[..., where] for name, moment in stack.moments.items()},
            scratch=scratch[..., : where.stop - where.start],
            pieces=_pieces(stack, coefficients, where),
            coefficients=views,
            folded=coefficients.folded,
        )


def _pieces(stack: Stack, coefficients: Coefficients, block: slice) -> Sequence[Piece]:
    """The weights of every layer within a block of the row."""
    penalized = {segment.layer: index for index, segment in enumerate(stack.segments)}
    pieces = []
    for layer in range(stack.layout.layers):
        where, biases = stack.layout.stretch(layer)
        start, stop = max(where.start, block.start), min(where.stop, block.stop)
        if start >= stop:
            continue
        names = ("l1", "l2", "decay", "threshold", "minus_threshold")
        terms = {name: coefficients.get(f"{name}/{penalized.get(layer)}") for name in names}
        within = slice(start - block.start, stop - block.start)
        pieces.append(Piece(within, biases and _shifted(biases, start - where.start), **terms))
    return pieces


def _shifted(every: slice, offset: int) -> slice:
    """The same elements, counted from ``offset`` on."""
    return slice((every.start - offset) % every.step, None, every.step)


def _penalize(block: Block, piece: Piece) -> list[Call]:
    weights, gradient, scratch = (piece.of(array) for array in (block.weights, block.gradient, block.scratch))
    calls = smooth_gradient(weights, gradient, piece.l1, piece.l2, scratch)
    return piece.spare(block.gradient, calls)
