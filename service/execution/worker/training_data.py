"""Prepared data of the experiments that a worker trains."""

from __future__ import annotations

from collections.abc import Callable

from engine.data import Dataset, Splits
from engine.data.preparation import Preparation
from engine.spec import AnySplit, DatasetFacts, Resolved

__all__ = ["TrainingData"]

KEPT_BYTES = 2**28
"""Maximum data an idle worker keeps: all of MNIST as float32 takes three quarters of it."""


class TrainingData:
    """Loads data sets and prepares them, and keeps what was prepared last.

    Of a sweep all experiments train on the same arrays, and to make them anew can take longer than an epoch.
    """

    def __init__(self, load: Callable[[str, str], Dataset]) -> None:
        self._load = load
        self._last: tuple[str, Preparation, Splits] | None = None

    def facts(self, name: str, version: str, split: AnySplit) -> DatasetFacts:
        """Facts about a data set that resolving an experiment of this split needs; raises what loading raises."""
        return self._load(name, version).facts_for(split)

    def splits(self, name: str, version: str, resolved: Resolved) -> Splits:
        """The arrays that an experiment is trained on; raises InvalidData, and what loading the data set raises."""
        wanted = Preparation.of(resolved)
        if self._last is not None and self._last[:2] == (version, wanted):
            return self._last[2]
        # The next data set may need the memory.
        self._last = None
        splits = wanted.apply(self._load(name, version))
        if splits.size <= KEPT_BYTES:
            self._last = (version, wanted, splits)
        return splits
