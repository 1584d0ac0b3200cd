"""An order of rows of which every prefix is a stratified sample.

Each class has a window for its next row: not before its share of the prefix asks for one, and not so late that it lags
by a whole row. The earliest deadline goes first, which meets every window (Tijdeman 1980, the chairman assignment).

The same in plain NumPy: engine/textbook/data.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from engine.kernels import Array

__all__ = ["representative_order"]


def representative_order(labels: Array) -> Array:
    """(N,) row numbers; the first n hold each class less than one row away from n times its share, for every n.

    Rows of one class keep their order, so that shuffled labels (N,) make every prefix a random sample. Of equal
    deadlines the class that came up first is taken, so that no class number is preferred.
    """
    _, first, numbers, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    by_appearance = np.argsort(first)
    turns = by_appearance[_turns(sizes[by_appearance].tolist())]
    order = np.empty(len(labels), np.intp)
    order[np.argsort(turns, kind="stable")] = np.argsort(numbers, kind="stable")
    return order


def _turns(sizes: Sequence[int]) -> list[int]:
    """The class whose turn it is at each of sum(sizes) places, where class c has ``sizes[c]`` turns."""
    total = sum(sizes)
    waiting, ready = [(0, kind) for kind in range(len(sizes))], list[tuple[int, int]]()
    taken, turns = [0] * len(sizes), list[int]()
    for place in range(total):
        while waiting and waiting[0][0] <= place:
            kind = heappop(waiting)[1]
            heappush(ready, (-(-(taken[kind] + 1) * total // sizes[kind]), kind))
        kind = heappop(ready)[1]
        turns.append(kind)
        taken[kind] += 1
        if taken[kind] < sizes[kind]:
            heappush(waiting, (taken[kind] * total // sizes[kind], kind))
    return turns
