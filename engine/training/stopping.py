"""Early stopping: a pure rule on numbers, for all lanes of a stack at once; it knows no network.

Keras 3's EarlyStopping with three fixes (docs/numerics.md). Larger-is-better metrics are mirrored, so that smaller
is better everywhere in here. Epochs count from 1.

The same in plain NumPy: engine/textbook/stopping.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from engine.kernels import Array
from engine.spec import METRICS, Experiment

__all__ = ["Patience", "Progress", "Verdict"]


@dataclass(frozen=True, slots=True)
class Progress:
    """State of the rule for each lane, (K,) each.

    ``best`` and ``best_epoch`` follow ``min_delta``; ``least`` and ``least_epoch`` are the plain minimum. Mirrored
    where larger is better; infinite and epoch 0 until something was tracked.
    """

    best: Array
    best_epoch: Array
    wait: Array
    least: Array
    least_epoch: Array

    @classmethod
    def start(cls, lanes: int) -> Progress:
        """State without a tracked epoch."""
        endless, none = np.full(lanes, np.inf), np.zeros(lanes, np.int64)
        return cls(endless, none, none, endless, none)

    def take(self, lanes: Sequence[int]) -> Progress:
        """Some of the lanes."""
        return Progress(*(getattr(self, item.name)[list(lanes)] for item in fields(self)))

    def document(self, lane: int) -> dict[str, Any]:
        """One lane as JSON values; null stands for infinity."""
        values = {item.name: getattr(self, item.name)[lane].item() for item in fields(self)}
        return {name: None if value == np.inf else value for name, value in values.items()}

    @classmethod
    def from_documents(cls, documents: Sequence[dict[str, Any]]) -> Progress:
        """The lanes of the given documents, in order."""
        columns = {item.name: [document[item.name] for document in documents] for item in fields(cls)}
        return cls(
            **{
                name: np.array([np.inf if v is None else v for v in column])
                for name, column in columns.items()
            }
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of one epoch for each lane, (K,) booleans."""

    improved: Array
    stop: Array


@dataclass(frozen=True, slots=True)
class Patience:
    """The rule's constants for each lane, (K,) each; ``sign`` is -1 where larger is better."""

    sign: Array
    min_delta: Array
    baseline: Array
    patience: Array
    start_from_epoch: Array

    @classmethod
    def of(cls, experiments: Sequence[Experiment]) -> Patience:
        """The constants of resolved experiments; a missing patience is endless, a missing baseline always met."""
        sign = np.array([-1.0 if METRICS[each.monitor].larger_is_better else 1.0 for each in experiments])
        baseline = [np.nan if each.baseline is None else each.baseline for each in experiments]
        patience = [np.inf if each.patience is None else each.patience for each in experiments]
        return cls(
            sign=sign,
            min_delta=np.abs([each.min_delta for each in experiments]),
            baseline=np.where(np.isnan(baseline), np.inf, sign * baseline),
            patience=np.array(patience, np.float64),
            start_from_epoch=np.array([each.start_from_epoch for each in experiments]),
        )

    def __call__(self, progress: Progress, epoch: Array, metric: Array) -> tuple[Progress, Verdict]:
        """Judge the metrics of the given epochs, both (K,); NaN stands for an epoch without the metric."""
        value = self.sign * metric
        tracked = (epoch > self.start_from_epoch) & ~np.isnan(value)
        wait = progress.wait + tracked
        needed = value + self.min_delta
        improved = tracked & (needed < progress.best)
        wait = np.where(improved & (needed < self.baseline), 0, wait)
        least = tracked & (value < progress.least)
        after = Progress(
            best=np.where(improved, value, progress.best),
            best_epoch=np.where(improved, epoch, progress.best_epoch),
            wait=wait,
            least=np.where(least, value, progress.least),
            least_epoch=np.where(least, epoch, progress.least_epoch),
        )
        return after, Verdict(improved, tracked & ~improved & (wait >= self.patience) & (epoch > 1))
