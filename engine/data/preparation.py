"""From a data set to the arrays that an experiment trains, validates and tests on.

The same in plain NumPy: engine/textbook/data.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.data.columns import Encoding
from engine.data.copies import copy_warnings
from engine.data.dataset import Dataset, Part, Splits
from engine.data.rows import Rows
from engine.data.scaling import Affine, feature_scaling, target_scaling
from engine.data.splits import absent_classes, flip_labels, split_rows
from engine.data.targets import class_weights, encode, smoothed
from engine.errors import InvalidData
from engine.kernels import Array
from engine.spec import AnySplit, LossSpec, Resolved, Scaling, SpecWarning, Split, SplitRows

__all__ = ["Preparation", "prepare"]


def prepare(dataset: Dataset, resolved: Resolved) -> Splits:
    """Split, flip labels, scale and encode as a resolved experiment asks for.

    Scaling is fitted on the training rows alone. The rows of each split are exactly ``resolved.rows``.
    Raises InvalidData for values that do not fit the precision.
    """
    return Preparation.of(resolved).apply(dataset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """All of an experiment that decides its arrays: where two of them are equal, so are the arrays of one data set."""

    rows: SplitRows
    outputs: int
    split: AnySplit
    label_noise: float
    scaling: Scaling
    target_scaling: str
    loss: LossSpec
    label_smoothing: float
    class_weight: str | dict[str, float] | None
    precision: str

    @classmethod
    def of(cls, resolved: Resolved) -> Preparation:
        """The preparation of a resolved experiment."""
        experiment = resolved.experiment
        return cls(
            rows=resolved.rows,
            outputs=resolved.outputs,
            split=experiment.split,
            label_noise=experiment.label_noise,
            scaling=experiment.scaling,
            target_scaling=experiment.target_scaling,
            loss=experiment.loss,
            label_smoothing=experiment.label_smoothing,
            class_weight=experiment.class_weight,
            precision=experiment.precision,
        )

    def _divide(self, dataset: Dataset) -> tuple[dict[str, Array], dict[str, Array]]:
        """The row numbers of each part that is taken from the rows, and the targets of every part.

        Labels are flipped among all training rows, in their stored order, before ``train_rows`` cuts: a row has the
        same label in every subset.
        """
        chosen = split_rows(dataset, self.split)
        y = {name: _labels(own, dataset) for name, (_, own) in dataset.own_parts.items()}
        y |= {name: _labels(dataset.y[index], dataset) for name, index in chosen.items()}
        if self.label_noise:
            stored = np.argsort(chosen["train"])
            y["train"][stored] = flip_labels(
                y["train"][stored], dataset.classes or 1, self.label_noise, self.split.seed
            )
        for arrays in (chosen, y):
            arrays["train"] = arrays["train"][: self.rows.train]
        return chosen, y

    def apply(self, dataset: Dataset) -> Splits:
        """The arrays; raises InvalidData."""
        chosen, y = self._divide(dataset)
        encoding = None
        if dataset.columns is not None:
            encoding = Encoding.fit(dataset.columns, Rows(dataset.x, chosen["train"]))
        x = {name: Rows(own, encoding=encoding) for name, (own, _) in dataset.own_parts.items()}
        x |= {name: Rows(dataset.x, index, encoding) for name, index in chosen.items()}
        features = feature_scaling(self.scaling, x["train"])
        if encoding is not None:
            features = features.only(encoding.numeric)
        standardize = dataset.task == "regression" and self.target_scaling == "standardize"
        targets = target_scaling(y["train"], standardize=standardize)
        dtype = np.dtype(self.precision)

        def part(name: str) -> Part:
            encoded = encode(y[name], dataset.task, self.outputs, targets)
            labels = y[name] if dataset.has_classes else None
            return Part(_inputs(x[name], features, dtype), _cast(encoded, dtype, "y"), labels)

        train = part("train")
        targets_of_train = smoothed(train.targets, self.loss, self.label_smoothing)
        weights = class_weights(self.class_weight, y["train"], dataset.classes or 0)
        if dataset.weights is not None:
            weights = _row_weights(dataset.weights[chosen["train"]]) * (1.0 if weights is None else weights)
        return Splits(
            task=dataset.task,
            classes=dataset.classes,
            train=replace(
                train, targets=targets_of_train, weights=weights if weights is None else weights.astype(dtype)
            ),
            validation=part("validation"),
            test=part("test"),
            features=features,
            targets=targets,
            encoding=encoding,
            warnings=tuple(self._warnings(dataset, chosen, y)),
        )

    def _warnings(
        self, dataset: Dataset, chosen: dict[str, Array], y: dict[str, Array]
    ) -> Iterator[SpecWarning]:
        """Warnings about the rows of the splits: absent classes, and copies across splits."""
        if dataset.has_classes:
            yield from absent_classes(y, dataset.classes or 0)
        own = {name: x for name, (x, _) in dataset.own_parts.items() if name not in chosen}
        curable = isinstance(self.split, Split) and not self.split.keep_duplicates_together
        yield from copy_warnings(dataset.x, chosen, own, curable=curable)


def _row_weights(weights: Array) -> Array:
    """(n,) weights of the training rows, 1 on average, so that λ means what it means without them."""
    if not weights.any():
        raise InvalidData("weights", "Must not be 0 for every row that trains.")
    relative: Array = weights / weights.max()
    weighed: Array = relative / relative.mean()
    return weighed


def _inputs(rows: Rows, scaling: Affine, dtype: np.dtype[Any]) -> Array:
    """(N, I + 1): the rows scaled, and a last column of ones."""
    inputs = np.ones((len(rows), rows.width + 1), dtype)
    start = 0
    for block in rows:
        inputs[start : start + len(block), :-1] = _cast(scaling.apply(block), dtype, "x")
        start += len(block)
    return inputs


def _cast(values: Array, dtype: np.dtype[Any], field: str) -> Array:
    with np.errstate(over="ignore"):
        cast: Array = np.ascontiguousarray(values, dtype)
    if not np.isfinite(cast).all():
        raise InvalidData(field, f"Holds values that overflow {dtype.name} once scaled.")
    return cast


def _labels(y: Array, dataset: Dataset) -> Array:
    return y.astype(np.intp) if dataset.has_classes else y
