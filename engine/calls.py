"""Kernels as lists of NumPy calls that are bound to their buffers once and then run many times.

A kernel is a function from arrays to the calls that compute it: ``[partial(np.add, a, b, out=a), ...]``. Binding
costs Python time, running hardly any, and nothing is allocated while it runs. Constants are zero-dimensional
arrays, because NumPy converts a Python number on every call.

Arrays have an optional leading axis of K lanes: with one lane it is left out, so that the cheaper
two-dimensional calls are used. Their bits agree (``np.dot`` and ``np.matmul`` reach the same BLAS routine).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Call", "aligned", "constant", "product", "run", "transposed"]

Array = NDArray[Any]
Call = Callable[[], object]

CACHE_LINE = 64


def run(calls: Iterable[Call]) -> None:
    """Make every call, in order."""
    for call in calls:
        call()


def constant(value: float, like: Array) -> Array:
    """A zero-dimensional array of the same dtype."""
    return np.array(value, like.dtype)


def transposed(array: Array) -> Array:
    """Swap the last two axes, lane by lane; a view."""
    return array.swapaxes(-1, -2)


def product(left: Array, right: Array, out: Array) -> Call:
    """``out ← left @ right`` per lane; ``out`` may be the transpose of a C-ordered array."""
    if out.shape[-1] > 1 and out.strides[-1] != out.itemsize:
        return product(transposed(right), transposed(left), transposed(out))
    return partial(np.dot if out.ndim == left.ndim == right.ndim == 2 else np.matmul, left, right, out=out)


def aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """A one-dimensional array of zeros that starts on a cache line."""
    memory = np.zeros(size * dtype.itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size * dtype.itemsize].view(dtype)
