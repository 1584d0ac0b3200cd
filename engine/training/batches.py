"""Batches: every lane's row order, and the gathering of rows into the step's buffers.

The same in plain NumPy: engine/textbook/training.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.kernels import Array

__all__ = ["Order"]


class Order:
    """A shuffled order of all rows for each of K lanes, cut into batches.

    ``full`` is (batches, K, B) and ``rest`` (0 or 1, K, r) row numbers, without the lane axis for one lane:
    iterating over them yields the index arrays of the steps.
    """

    def __init__(self, lanes: int, rows: int, batch: int) -> None:
        self.batch = min(batch, rows)
        batches, rest = divmod(rows, self.batch)
        self._full = np.zeros((batches, lanes, self.batch), np.intp)
        self._rest = np.zeros((min(rest, 1), lanes, rest), np.intp)
        self.full, self.rest = (part[:, 0] if lanes == 1 else part for part in (self._full, self._rest))

    @property
    def sizes(self) -> Array:
        """Rows of every step."""
        return np.array([self.batch] * len(self._full) + [self._rest.shape[2]] * len(self._rest), np.float64)

    def shuffle(self, streams: Sequence[np.random.Generator]) -> None:
        """Draw a new order for every lane from its own stream."""
        in_full = len(self._full) * self.batch
        for lane, random in enumerate(streams):
            order = random.permutation(in_full + self._rest.size // self._rest.shape[1])
            self._full[:, lane] = order[:in_full].reshape(-1, self.batch)
            self._rest[:, lane] = order[in_full:]
