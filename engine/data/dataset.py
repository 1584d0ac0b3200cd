"""A data set, and the arrays an experiment trains, validates and tests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.data.columns import Column, Encoding, check_columns, width
from engine.data.copies import copy_groups
from engine.data.scaling import Affine
from engine.data.splits import group_classes, group_sizes
from engine.errors import InvalidData
from engine.kernels import Array
from engine.spec import TASKS, AnySplit, DatasetFacts, Scaling, SpecWarning, Split
from engine.spec.groups import Copies, Grouping

__all__ = ["Dataset", "Part", "Splits", "with_ones"]


@dataclass(frozen=True)
class Dataset:
    """A raw table; raises InvalidData, naming the array, for anything that cannot be trained on.

    ``task`` is ``binary``, ``multiclass``, ``multilabel`` or ``regression``.
    ``x`` (N, I) is of any real dtype; ``y`` is (N,) class numbers, (N, O) 0/1 for a multi-label task, (N,) or
    (N, O) numbers for regression. ``classes`` counts the classes of a binary or multi-class task. Rows of its own for
    validation and test are given apart: an experiment uses both with ``split={"by": "dataset"}``, and by default
    the test rows, while it takes its validation rows from ``x``. ``columns`` describes each column of ``x`` where not
    all of them are plain numbers, and ``weights`` (N,) multiply the losses of the rows of ``x`` that train.
    ``groups`` (N,) numbers the group of each row of ``x``, from 0 without a gap: a split leaves groups whole.
    ``order`` (N,), called ``order_name``, says when a row of ``x`` was; ``names`` are those of the columns of ``x``.
    ``split={"by": "order", "column": …}`` finds columns by these names.
    """

    x: Array
    y: Array
    task: str
    classes: int | None = None
    x_validation: Array | None = None
    y_validation: Array | None = None
    x_test: Array | None = None
    y_test: Array | None = None
    scaling: Scaling = "standardize"
    columns: Sequence[Column] | None = None
    weights: Array | None = None
    groups: Array | None = None
    order: Array | None = None
    order_name: str = "order"
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InvalidData("task", f"Must be one of: {', '.join(TASKS)}.")
        for suffix in ("", "_validation", "_test"):
            x, y = getattr(self, f"x{suffix}"), getattr(self, f"y{suffix}")
            if x is not None or y is not None or not suffix:
                self._check_part(x, y, suffix)
        if self.weights is not None:
            _check_weights(self.weights, len(self.x))
        if self.groups is not None:
            _check_groups(self.groups, len(self.x))
        if self.order is not None:
            _check_order(self.order, len(self.x))
        if self.names is not None and len(self.names) != self.x.shape[1]:
            raise InvalidData("names", f"Must be {self.x.shape[1]} names, one per column of x.")

    def _check_part(self, x: Any, y: Any, suffix: str) -> None:
        _check_features(x, f"x{suffix}", None if not suffix else self.x.shape[1], self.columns)
        if not isinstance(y, np.ndarray) or len(y) != len(x):
            raise InvalidData(f"y{suffix}", f"Must be an array of {len(x)} rows, as x{suffix} has.")
        if self.task == "binary" and self.classes != 2:
            raise InvalidData("classes", "Must be 2 for a binary task.")
        if self.has_classes:
            _check_labels(y, f"y{suffix}", self.classes)
        else:
            _check_columns(y, f"y{suffix}", binary=self.task == "multilabel")

    @property
    def has_classes(self) -> bool:
        """Whether each row belongs to one of several classes."""
        return self.task in {"binary", "multiclass"}

    @property
    def own_parts(self) -> dict[str, tuple[Array, Array]]:
        """Features and targets of the rows kept for validation and test; none of a part that is not there."""
        none = (self.x[:0], self.y[:0])
        found = {"validation": (self.x_validation, self.y_validation), "test": (self.x_test, self.y_test)}
        return {name: none if x is None or y is None else (x, y) for name, (x, y) in found.items()}

    @property
    def order_columns(self) -> tuple[str, ...]:
        """The columns that rows can be ordered by: the one for that, then numbers that are never missing."""
        described = self.columns or [Column()] * self.x.shape[1]
        columns = zip(self.names or (), described, strict=False)
        plain = [name for name, column in columns if not column.levels and not column.missing]
        return tuple(dict.fromkeys([*([] if self.order is None else [self.order_name]), *plain]))

    def ordered(self, column: str | None) -> Array:
        """(N,) row numbers in the order of a column, of equal values as they are stored; None is the stored order."""
        if column is None:
            return np.arange(len(self.x))
        if self.order is not None and column == self.order_name:
            values = self.order
        elif self.names is not None and column in self.order_columns:
            values = self.x[:, list(self.names).index(column)]
        else:
            raise InvalidData("order", f"Has no column {column!r} to order rows by.")
        return np.argsort(values, kind="stable")

    @property
    def facts(self) -> DatasetFacts:
        """The facts that resolving an experiment needs, unless its split keeps copies together."""
        groups = self._counted(self.groups)
        return DatasetFacts(
            task=self.task,
            rows=len(self.x),
            features=self.x.shape[1] if self.columns is None else width(self.columns),
            classes=self.classes,
            outputs=1 if self.y.ndim == 1 else self.y.shape[1],
            scaling=self.scaling,
            validation_rows=0 if self.x_validation is None else len(self.x_validation),
            test_rows=0 if self.x_test is None else len(self.x_test),
            group_sizes=None if groups is None else groups.sizes,
            group_classes=None if groups is None else groups.classes,
            order_columns=self.order_columns,
            order_column=None if self.order is None else self.order_name,
        )

    @property
    def copies(self) -> Copies:
        """The groups that exact copies of rows make."""
        alone = self._counted(copy_groups(self.x))
        if alone is None or self.groups is None:
            return Copies(alone)
        return Copies(alone, self._counted(copy_groups(self.x, self.groups)))

    def facts_for(self, split: AnySplit) -> DatasetFacts:
        """The facts that resolving an experiment of this split needs."""
        wanted = isinstance(split, Split) and split.keep_duplicates_together
        return replace(self.facts, copies=self.copies) if wanted else self.facts

    def kept_together(self, split: Split) -> Array | None:
        """(N,) the numbers of the groups that a resolved split leaves whole; None for single rows."""
        groups = self.groups if split.by == "groups" else None
        joined = copy_groups(self.x, groups) if split.keep_duplicates_together else None
        return groups if joined is None else joined

    def _counted(self, groups: Array | None) -> Grouping | None:
        if groups is None:
            return None
        return Grouping(group_sizes(groups), group_classes(groups, self.y) if self.has_classes else None)


def _check_features(x: Any, field: str, count: int | None, columns: Sequence[Column] | None) -> None:
    if not isinstance(x, np.ndarray) or x.ndim != 2 or 0 in x.shape or x.dtype.kind not in "biuf":
        raise InvalidData(
            field, "Must be a two-dimensional array of real numbers with at least one row and column."
        )
    if count is not None and x.shape[1] != count:
        raise InvalidData(field, f"Must have {count} columns, as x has.")
    if columns is not None:
        check_columns(x, columns, field)
    elif x.dtype.kind == "f" and not np.isfinite(x).all():
        raise InvalidData(field, "Must be finite: no NaN, no infinity.")


def _check_labels(y: Array, field: str, classes: int | None) -> None:
    if classes is None or classes < 1:
        raise InvalidData("classes", "Must be the number of classes.")
    if y.ndim != 1 or y.dtype.kind not in "biu" or y.min() < 0 or y.max() >= classes:
        raise InvalidData(field, f"Must hold one class number from 0 to {classes - 1} per row.")


def _check_columns(y: Array, field: str, *, binary: bool) -> None:
    if y.ndim not in {1, 2} or 0 in y.shape or y.dtype.kind not in "biuf":
        raise InvalidData(field, "Must be an array of real numbers, one row per row of x.")
    if not np.isfinite(y).all():
        raise InvalidData(field, "Must be finite: no NaN, no infinity.")
    if binary and not np.isin(y, (0, 1)).all():
        raise InvalidData(field, "Must hold 0 or 1.")


def _check_weights(weights: Any, rows: int) -> None:
    if not isinstance(weights, np.ndarray) or weights.shape != (rows,) or weights.dtype.kind not in "biuf":
        raise InvalidData("weights", f"Must be an array of {rows} real numbers, as x has rows.")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InvalidData("weights", "Must be finite, at least 0, and not all 0.")


def _check_groups(groups: Any, rows: int) -> None:
    if not isinstance(groups, np.ndarray) or groups.shape != (rows,) or groups.dtype.kind not in "iu":
        raise InvalidData("groups", f"Must be an array of {rows} integers, as x has rows.")
    if groups.min() < 0 or groups.max() >= rows or not np.bincount(groups).all():
        message = (
            "Must number the groups from 0 without a gap, as np.unique(groups, return_inverse=True)[1] does."
        )
        raise InvalidData("groups", message)


def _check_order(order: Any, rows: int) -> None:
    if not isinstance(order, np.ndarray) or order.shape != (rows,) or order.dtype.kind not in "biuf":
        raise InvalidData("order", f"Must be an array of {rows} real numbers, as x has rows.")
    if not np.isfinite(order).all():
        raise InvalidData("order", "Must be finite: no NaN, no infinity.")


@dataclass(frozen=True)
class Part:
    """Rows of one split, prepared: ``inputs`` (N, I + 1) and ``targets`` (N, O) in the run's precision.

    ``inputs`` are the features and a last column of ones, whose weights are the first layer's biases. ``labels`` (N,)
    are class numbers, None for multi-label tasks and regression. ``weights`` (N,) multiply the rows' losses.
    """

    inputs: Array
    targets: Array
    labels: Array | None
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def x(self) -> Array:
        """(N, I) view of the features."""
        return self.inputs[:, :-1]


@dataclass(frozen=True)
class Splits:
    """The data for training; ``features`` and ``targets`` describe the scaling of the columns.

    ``warnings`` are what the rows show of the split.
    """

    task: str
    classes: int | None
    train: Part
    validation: Part
    test: Part
    features: Affine
    targets: Affine
    encoding: Encoding | None = None
    warnings: tuple[SpecWarning, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        parts = (self.train, self.validation, self.test)
        return sum(part.inputs.nbytes + part.targets.nbytes for part in parts)


def with_ones(x: Array) -> Array:
    """(N, I + 1): x (N, I) and a last column of ones."""
    return np.column_stack([x, np.ones(len(x), x.dtype)])
