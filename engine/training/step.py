"""The training step of a stack for batches of one size, bound once as a list of NumPy calls.

The same in plain NumPy: engine/textbook/training.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from engine.kernels import Array, Call, aligned, constant
from engine.network.batch_norm import BatchNorm
from engine.network.buffers import Buffers, Workspace
from engine.network.passes import BatchNorms, backward, forward
from engine.optimization.blocks import Block, Piece
from engine.optimization.clipping import clip_calls, max_norm_calls
from engine.optimization.optimizers import update_of
from engine.optimization.penalties import Terms, smooth_gradient
from engine.spec.cost import BLOCK
from engine.training.stack import Stack
from engine.training.step_sizes import StepSizes

__all__ = ["BoundStep"]


class BoundStep:
    """One step on ``rows`` rows: ``draw`` the dropout masks, compute the ``gradient``, ``update`` the parameters.

    The calls are bound to the stack's arrays and to ``buffers``, into which the batch is gathered; ``calls`` are all.
    """

    def __init__(self, stack: Stack, sizes: StepSizes, rows: int) -> None:
        self.buffers = Workspace(stack.network, len(stack), rows, stack.parameters.dtype).buffers()
        self.draw = (*_input_mask(stack, self.buffers), *_masks(stack, self.buffers))
        parameters, gradient = _vectors(stack.parameters), _vectors(stack.gradient)
        network, layout, error = stack.network, stack.layout, sizes.now.error
        batch_norms = _batch_norms(stack, self.buffers)
        self.gradient = (
            *forward(network, layout, parameters, self.buffers, batch_norms),
            *backward(network, layout, (parameters, gradient), self.buffers, batch_norms, error),
        )
        self.update = tuple(_update(stack, sizes))
        self.calls = (*self.draw, *self.gradient, *self.update)


def _vectors(of_lanes: Array) -> Array:
    """(K, length), and (length,) for one lane, so that the cheaper two-dimensional calls are used."""
    return of_lanes[0] if len(of_lanes) == 1 else of_lanes


def _batch_norms(stack: Stack, buffers: Buffers) -> BatchNorms:
    vectors = (_vectors(stack.parameters), _vectors(stack.gradient), _vectors(stack.running))
    layers = [layer for layer, units in enumerate(stack.layout.normalized_units) if units]
    return {layer: BatchNorm.of(stack.layout, layer, vectors, buffers.z[layer]) for layer in layers}


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


def _update(stack: Stack, sizes: StepSizes) -> Iterator[Call]:
    """Penalize, clip, step and bound the norms; block by block, except where all of the gradient must be known."""
    update, now = update_of(stack.experiments), sizes.now
    blocks = list(_blocks(stack, sizes))
    penalized = [[call for piece in block.pieces for call in _penalize(block, piece)] for block in blocks]
    if now.clip_norm is not None:
        yield from (call for calls in penalized for call in calls)
        thresholds = [
            number
            for terms in now.terms.values()
            for number in (terms.threshold, terms.minus_threshold)
            if number is not None
        ]
        yield from clip_calls(_vectors(stack.gradient), now.clip_norm, thresholds)
        penalized = [[] for _ in blocks]
    for block, calls in zip(blocks, penalized, strict=True):
        yield from calls
        yield from update.calls(block)
    if now.max_norm is not None:
        yield from max_norm_calls(stack.layout, _vectors(stack.parameters), now.max_norm)


def _blocks(stack: Stack, sizes: StepSizes) -> Iterator[Block]:
    length = stack.layout.length
    scratch = _vectors(aligned((len(stack), min(BLOCK, length)), stack.parameters.dtype))
    for start in range(0, length, BLOCK):
        where = slice(start, min(start + BLOCK, length))
        yield Block(
            weights=_vectors(stack.parameters)[..., where],
            gradient=_vectors(stack.gradient)[..., where],
            moments={name: _vectors(moment)[..., where] for name, moment in stack.moments.items()},
            scratch=scratch[..., : where.stop - where.start],
            pieces=_pieces(stack, sizes.now.terms, where),
            coefficients=sizes.now.optimizer,
            folded=sizes.folded,
        )


def _pieces(stack: Stack, terms: Mapping[int, Terms], block: slice) -> Sequence[Piece]:
    """The weights of every layer within a block of the parameters."""
    pieces = []
    for layer in range(stack.layout.layers):
        where, biases = stack.layout.stretch(layer)
        start, stop = max(where.start, block.start), min(where.stop, block.stop)
        if start < stop:
            within = slice(start - block.start, stop - block.start)
            own = biases and _shifted(biases, start - where.start)
            pieces.append(Piece(within, own, terms.get(layer, Terms())))
    return pieces


def _shifted(every: slice, offset: int) -> slice:
    """The same elements, counted from ``offset`` on."""
    return slice((every.start - offset) % every.step, None, every.step)


def _penalize(block: Block, piece: Piece) -> list[Call]:
    weights, gradient, scratch = (piece.of(array) for array in (block.weights, block.gradient, block.scratch))
    calls = smooth_gradient(weights, gradient, piece.terms.l1, piece.terms.l2, scratch)
    return piece.spare(block.gradient, calls)
