"""Kernels as lists of NumPy calls that are bound to their buffers once and then run many times.

A kernel is a function from arrays to the calls that compute it: ``[partial(np.add, a, b, a), ...]``, the last array
being the output. Binding costs Python time, running hardly any, and nothing is allocated while it runs. Outputs are
given by position, because a ``partial`` with a keyword takes longer than adding up two small arrays. Constants are
zero-dimensional arrays, because NumPy converts a Python number on every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Array",
    "Call",
    "aligned",
    "by_lane",
    "constant",
    "larger",
    "product",
    "run",
    "smaller",
    "transposed",
]

Array = NDArray[Any]
Call = Callable[[], object]

CACHE_LINE = 64


def run(calls: Iterable[Call]) -> None:
    """Execute every call, in order."""
    for call in calls:
        call()


def constant(value: float, like: Array) -> Array:
    """A zero-dimensional array of the same dtype."""
    return np.array(value, like.dtype)


def transposed(array: Array) -> Array:
    """Swap the last two axes, lane by lane; a view."""
    return array.swapaxes(-1, -2)


def by_lane(values: Array) -> Array:
    """(units, K, B) as the (K, units, B) that a product wants; (units, B) stays as it is."""
    return values if values.ndim == 2 else values.swapaxes(0, 1)


def product(left: Array, right: Array, out: Array) -> Call:
    """``out ← left @ right``, lane by lane where there is a leading axis of lanes.

    ``ndarray.dot`` has less overhead and ``np.matmul`` a lane axis; both reach the same BLAS routine and the same bits.
    ``out`` may be the transpose of a C-ordered array.
    """
    if out.shape[-1] > 1 and out.strides[-1] != out.itemsize:
        return product(transposed(right), transposed(left), transposed(out))
    return partial(left.dot, right, out) if out.ndim == 2 else partial(np.matmul, left, right, out)


def larger(left: Array, right: Array, out: Array) -> Call:
    """``out ← max(left, right)``; NumPy wants the output of this one by its name."""
    maximum = np.maximum
    return lambda: maximum(left, right, out=out)


def smaller(left: Array, right: Array, out: Array) -> Call:
    """``out ← min(left, right)``, as ``larger``."""
    minimum = np.minimum
    return lambda: minimum(left, right, out=out)


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A C-ordered array of zeros that starts on a cache line."""
    size = prod(shape) * dtype.itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)
