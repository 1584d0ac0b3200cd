"""Assign rows to training, validation and test, and flip labels, all from the split's own seed.

The same in plain NumPy: engine/textbook/data.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.data.sampling import representative_order
from engine.kernels import Array
from engine.spec import AnySplit, OrderSplit, SpecWarning, Split
from engine.spec.groups import (
    MOST_CLASS_COLUMNS,
    MOST_CLASS_COUNTS,
    GroupClasses,
    parts_of_groups,
    wanted_rows,
)
from engine.spec.shares import rows_of_share
from engine.streams import Purpose, stream

if TYPE_CHECKING:
    from engine.data.dataset import Dataset

__all__ = ["absent_classes", "flip_labels", "group_classes", "group_sizes", "split_rows"]

_MOST_NAMED = 5


def group_sizes(groups: Array) -> tuple[int, ...]:
    """The rows of each group, by its number."""
    return tuple(np.bincount(groups).tolist())


def group_classes(groups: Array, labels: Array) -> GroupClasses:
    """The rows of each class in each group; the rarest share a column where there are too many to count."""
    number = int(groups.max()) + 1
    columns = max(1, min(MOST_CLASS_COLUMNS, MOST_CLASS_COUNTS // number))
    by_size = np.argsort(-np.bincount(labels), kind="stable")
    column = np.empty(len(by_size), np.intp)
    column[by_size] = np.minimum(np.arange(len(by_size)), columns - 1)
    width = min(columns, len(by_size))
    counts = np.bincount(groups.astype(np.intp) * width + column[labels], minlength=number * width)
    return tuple(map(tuple, counts.reshape(number, width).tolist()))


def split_rows(dataset: Dataset, split: AnySplit) -> dict[str, Array]:
    """Row numbers of ``train`` and of those other parts, ``validation`` and ``test``, that are taken from ``x``.

    ``train`` has all training rows, in an order of which every prefix is a sample: ``train_rows`` is for the caller to
    cut. The order is shuffled, and stratified where the split is. A split by an order or by the data set has them as
    they come unless rows are to be cut; then it samples, stratified for classification.
    """
    rows = len(dataset.y)
    shuffled = stream(split.seed, Purpose.SPLIT).permutation(rows)
    if isinstance(split, Split):
        parts, order, stratified = _held_out(dataset, split, shuffled), shuffled, bool(split.stratify)
    else:
        parts, order = {}, np.arange(rows)
        if isinstance(split, OrderSplit):
            order = dataset.ordered(split.column)
            parts = _latest(order, split)
        if split.train_rows is not None:
            order = shuffled
        stratified = dataset.has_classes and split.train_rows is not None
    trains = np.ones(rows, bool)
    for part in parts.values():
        trains[part] = False
    train = order[trains[order]]
    return {**parts, "train": train[representative_order(dataset.y[train])] if stratified else train}


def _latest(order: Array, split: OrderSplit) -> dict[str, Array]:
    """The last rows for the test, and those before them for validation."""
    wanted, stop, parts = wanted_rows(split, len(order)), len(order), {}
    for name in reversed(wanted):
        parts[name] = order[stop - wanted[name] : stop]
        stop -= wanted[name]
    return parts


def _held_out(dataset: Dataset, split: Split, shuffled: Array) -> dict[str, Array]:
    """The rows of validation and test in the shuffled order: of whole groups, or the first, perhaps stratified."""
    y, groups = dataset.y, dataset.kept_together(split)
    if groups is not None:
        classes = group_classes(groups, y) if split.stratify else None
        parts = parts_of_groups(split, group_sizes(groups), classes)
        return {
            name: shuffled[np.isin(groups[shuffled], part)] for name, part in parts.items() if name != "train"
        }
    chosen, remaining = {}, shuffled
    for name, count in wanted_rows(split, len(y)).items():
        take = _stratified(y[remaining], count) if split.stratify else np.arange(len(remaining)) < count
        chosen[name], remaining = remaining[take], remaining[~take]
    return chosen


def _stratified(labels: Array, count: int) -> Array:
    """Mark ``count`` rows, each class in proportion (largest remainder), the first rows of each class."""
    if not count:
        return np.zeros(len(labels), bool)
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * count / len(labels)
    quota = np.floor(exact).astype(int)
    quota[np.argsort(quota - exact, kind="stable")[: count - quota.sum()]] += 1
    taken = np.zeros(len(labels), bool)
    for label, wanted in zip(classes, quota, strict=True):
        taken[np.flatnonzero(labels == label)[:wanted]] = True
    return taken


def absent_classes(labels: Mapping[str, Array], classes: int) -> Iterator[SpecWarning]:
    """A warning for each part that has rows (N,), but none of a class that another part has."""
    counts = {name: np.bincount(of_part, minlength=classes) for name, of_part in labels.items()}
    known = np.sum(list(counts.values()), axis=0) > 0
    for name, count in counts.items():
        absent = np.flatnonzero(known & (count == 0))
        if not count.any() or not len(absent):
            continue
        some = ", ".join(map(str, absent[:_MOST_NAMED])) + ", …" * (len(absent) > _MOST_NAMED)
        rows = int(sum(each[absent].sum() for each in counts.values()))
        have, they, are = ("has", "it", "is") if len(absent) == 1 else ("have", "they", "are")
        what = (
            f"{they.capitalize()} cannot be learned."
            if name == "train"
            else f"How well {they} {are} predicted is not measured there."
        )
        message = (
            f"{len(absent)} of {int(known.sum())} classes {have} no row among the "
            f"{_rows(int(count.sum()), 'training' if name == 'train' else name)}: {some}, by class number, "
            f"with {_rows(rows)} in all. {what}"
        )
        yield SpecWarning("absent_classes", ("split",), message)


def _rows(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}{' ' if kind else ''}row{'' if count == 1 else 's'}"


def flip_labels(labels: Array, classes: int, share: float, seed: int) -> Array:
    """A copy of labels (N,) with exactly the rounded share of them moved to another class drawn uniformly."""
    random = stream(seed, Purpose.LABEL_NOISE)
    chosen = random.permutation(len(labels))[: rows_of_share(share, len(labels))]
    noisy = labels.copy()
    if classes > 1:
        noisy[chosen] = (labels[chosen].astype(np.int64) + random.integers(1, classes, len(chosen))) % classes
    return noisy
