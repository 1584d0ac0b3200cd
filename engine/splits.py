"""Which rows train, validate and test, and which training labels are flipped; all of it from the split's own seed."""

from __future__ import annotations

import numpy as np

from engine.calls import Array
from engine.sampling import representative_order
from engine.spec import DatasetSplit, Split
from engine.spec.groups import (
    MOST_CLASS_COLUMNS,
    MOST_CLASS_COUNTS,
    GroupClasses,
    parts_of_groups,
    wanted_rows,
)
from engine.spec.shares import rows_of_share
from engine.streams import Purpose, stream

__all__ = ["flip_labels", "group_classes", "group_sizes", "split_rows"]


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


def split_rows(
    y: Array, split: Split | DatasetSplit, groups: Array | None = None, *, classes: bool
) -> dict[str, Array]:
    """Row numbers of ``train`` and of those other parts, ``validation`` and ``test``, that are taken from these rows.

    The rows are shuffled once; validation and test are taken from the front, stratified by class where asked for.
    A split by groups, of which ``groups`` (N,) has each row's number, takes the rows of whole ones.
    A split by the data set takes none.
    ``train`` has all training rows, in an order of which every prefix is a sample: ``train_rows`` is for the caller to
    cut. The order is shuffled, and stratified where the split is. A split by the data set keeps the stored order unless
    rows are to be cut; then it samples, stratified where ``y`` holds ``classes``.
    """
    if isinstance(split, DatasetSplit) and split.train_rows is None:
        return {"train": np.arange(len(y))}
    shuffled = stream(split.seed, Purpose.SPLIT).permutation(len(y))
    chosen = {} if isinstance(split, DatasetSplit) else _held_out(y, split, shuffled, groups)
    train = np.ones(len(y), bool)
    for part in chosen.values():
        train[part] = False
    rows = shuffled[train[shuffled]]
    stratified = classes if isinstance(split, DatasetSplit) else split.stratify
    return {**chosen, "train": rows[representative_order(y[rows])] if stratified else rows}


def _held_out(y: Array, split: Split, shuffled: Array, groups: Array | None) -> dict[str, Array]:
    """The rows of validation and test, in the shuffled order."""
    if split.by == "groups" and groups is not None:
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


def flip_labels(labels: Array, classes: int, share: float, seed: int) -> Array:
    """A copy of labels (N,) with exactly the rounded share of them moved to another class drawn uniformly."""
    random = stream(seed, Purpose.LABEL_NOISE)
    chosen = random.permutation(len(labels))[: rows_of_share(share, len(labels))]
    noisy = labels.copy()
    if classes > 1:
        noisy[chosen] = (labels[chosen].astype(np.int64) + random.integers(1, classes, len(chosen))) % classes
    return noisy
