"""Which rows train, validate and test, and which training labels are flipped; all of it from the split's own seed."""

from __future__ import annotations

import numpy as np

from engine.calls import Array
from engine.spec import DatasetSplit, Split, SplitRows
from engine.spec.groups import parts_of_groups
from engine.streams import Purpose, stream

__all__ = ["flip_labels", "group_sizes", "split_rows"]


def group_sizes(groups: Array) -> tuple[int, ...]:
    """The rows of each group, by its number."""
    return tuple(np.bincount(groups).tolist())


def split_rows(
    y: Array, split: Split | DatasetSplit, rows: SplitRows, groups: Array | None = None
) -> dict[str, Array]:
    """Row numbers of ``train`` and of those other parts, ``validation`` and ``test``, that are taken from these rows.

    The rows are shuffled once; validation and test are taken from the front, stratified by class where asked for,
    and the training rows keep the shuffled order, so that a smaller ``train_rows`` is a subset of a larger one.
    A split by groups, of which ``groups`` (N,) has each row's number, takes the rows of whole ones, likewise shuffled.
    A split by the data set takes none, and the training rows in their stored order.
    """
    if isinstance(split, DatasetSplit):
        return {"train": np.arange(rows.train)}
    shuffled = stream(split.seed, Purpose.SPLIT).permutation(len(y))
    if split.by == "groups" and groups is not None:
        parts = parts_of_groups(split, group_sizes(groups))
        chosen = {name: shuffled[np.isin(groups[shuffled], part)] for name, part in parts.items()}
        return chosen | {"train": chosen["train"][: rows.train]}
    remaining, chosen = shuffled, {}
    wanted = {"validation": rows.validation} | ({} if split.test is None else {"test": rows.test})
    for name, count in wanted.items():
        take = _stratified(y[remaining], count) if split.stratify else np.arange(len(remaining)) < count
        chosen[name], remaining = remaining[take], remaining[~take]
    return {**chosen, "train": remaining[: rows.train]}


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
    """A copy of labels (N,) with exactly round(share·N) of them moved to another class drawn uniformly."""
    random = stream(seed, Purpose.LABEL_NOISE)
    chosen = random.permutation(len(labels))[: int(share * len(labels) + 0.5)]
    noisy = labels.copy()
    if classes > 1:
        noisy[chosen] = (labels[chosen].astype(np.int64) + random.integers(1, classes, len(chosen))) % classes
    return noisy
