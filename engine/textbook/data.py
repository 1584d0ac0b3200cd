"""From a data set to the rows that train, validate and test: docs/numerics.md, "Data".

Shares, strata, label noise, missing numbers, categories, scaling, smoothing and weights in plain Python. Groups and
copies that stay together are bookkeeping without a formula; ``prepare`` leaves them to the engine.

N rows, n of them in the training split, I features, O outputs, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Column, Dataset, Splits
from engine.data import prepare as prepare_fast
from engine.spec import Divide, Experiment, OrderSplit, Resolved, Split
from engine.streams import Purpose, stream

__all__ = ["Part", "Parts", "from_splits", "prepare"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Rows: features (N, I), targets (N, O), class numbers (N,) and weights (N,) of their losses, if there are any."""

    x: Array
    targets: Array
    labels: Array | None = None
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Parts:
    """The three parts of the data; ``target_scale`` (O,) is what a target of 1 is worth in the user's unit."""

    task: str
    train: Part
    validation: Part
    test: Part
    target_scale: Array


def prepare(dataset: Dataset, resolved: Resolved) -> Parts:
    """The parts as an experiment trains, validates and tests on them.

    Scaling is fitted on the training rows alone. Label noise, smoothing and weights change the training rows alone.
    """
    spec = resolved.experiment
    if isinstance(spec.split, Split) and dataset.kept_together(spec.split) is not None:
        return from_splits(prepare_fast(dataset, resolved))
    rows = rows_of_parts(dataset, spec)
    labels = noisy_labels(dataset, spec, rows["train"]) if dataset.has_classes else dataset.y
    rows["train"] = rows["train"][: spec.split.train_rows]
    raw = {name: own for name, own in dataset.own_parts.items() if name not in rows}
    raw |= {name: (dataset.x[index], dataset.y[index]) for name, index in rows.items()}
    raw["train"] = (dataset.x[rows["train"]], labels[rows["train"]])
    known = raw["train"][0]
    x_mean, x_scale = feature_scaling(spec, features(dataset.columns, known, known))
    x_mean, x_scale = np.where(flags(dataset.columns, known), [[0], [1]], [x_mean, x_scale])
    y_mean, y_scale = target_scaling(spec, raw["train"][1], dataset.task)
    found = {}
    for name, (x, y) in raw.items():
        targets = one_hot(y, resolved.outputs) if dataset.has_classes else (columns(y) - y_mean) / y_scale
        inputs = (features(dataset.columns, x, known) - x_mean) / x_scale
        found[name] = Part(inputs, targets, y if dataset.has_classes else None)
    train = found["train"]
    weights = row_weights(dataset, spec, rows["train"], raw["train"][1])
    found["train"] = Part(train.x, smoothed(train.targets, spec), train.labels, weights)
    return Parts(dataset.task, found["train"], found["validation"], found["test"], y_scale)


def from_splits(splits: Splits) -> Parts:
    """The data as the engine has prepared it."""
    train, validation, test = (
        Part(part.x, part.targets, part.labels, part.weights)
        for part in (splits.train, splits.validation, splits.test)
    )
    return Parts(splits.task, train, validation, test, splits.targets.scale)


# ---- Which rows


def rows_of_parts(dataset: Dataset, experiment: Experiment) -> dict[str, list[int]]:
    """The rows of each part that is taken from ``dataset.x``; those to train on in the order that train_rows cuts."""
    split, n = experiment.split, len(dataset.y)
    shuffled = stream(split.seed, Purpose.SPLIT).permutation(n).tolist()
    if not isinstance(split, Split):
        found = last_rows(dataset, split) if isinstance(split, OrderSplit) else {"train": list(range(n))}
        if split.train_rows is not None:
            trains = set(found["train"])
            sample = [row for row in shuffled if row in trains]
            found["train"] = in_due_order(sample, dataset.y) if dataset.has_classes else sample
        return found
    remaining, found = shuffled, {}
    for name, count in counts(split, n).items():
        found[name] = in_proportion(remaining, dataset.y, count) if split.stratify else remaining[:count]
        taken = set(found[name])
        remaining = [row for row in remaining if row not in taken]
    return {**found, "train": in_due_order(remaining, dataset.y) if split.stratify else remaining}


def counts(split: Split | OrderSplit, n: int) -> dict[str, int]:
    """Numbers of validation and test rows out of n; a share of None has no rows of its own."""
    shares = {"validation": split.validation, "test": split.test}
    return {name: share_of(share, n) for name, share in shares.items() if share is not None}


def share_of(share: float, rows: int) -> int:
    """A decimal share of some rows, rounded half up."""
    return int((Decimal(repr(share)) * rows).quantize(Decimal(1), ROUND_HALF_UP))


def last_rows(dataset: Dataset, split: OrderSplit) -> dict[str, list[int]]:
    """The first rows of an order train, those after them validate, and the last test."""
    rows = dataset.ordered(split.column).tolist()
    held_out = counts(split, len(rows))
    end = len(rows) - sum(held_out.values())
    found = {"train": rows[:end]}
    for name, count in held_out.items():
        found[name] = rows[end : end + count]
        end += count
    return found


def in_proportion(rows: list[int], labels: Array, count: int) -> list[int]:
    """``count`` of the rows, of each class the first ones.

    Each class gets its share rounded down, and those with the largest remainders one more, of equal ones the first.
    """
    classes = sorted({int(labels[row]) for row in rows})
    members = {label: [row for row in rows if labels[row] == label] for label in classes}
    exact = {label: len(members[label]) * count / len(rows) for label in classes}
    quota = {label: int(exact[label]) for label in classes}
    missing = count - sum(quota.values())
    for label in sorted(classes, key=lambda label: quota[label] - exact[label])[:missing]:
        quota[label] += 1
    taken = {row for label in classes for row in members[label][: quota[label]]}
    return [row for row in rows if row in taken]


def in_due_order(rows: list[int], labels: Array) -> list[int]:
    """Rows ordered so that every prefix has each class in proportion (Tijdeman 1980).

    With n_c rows of N, row k of class c (from 0) may stand at place ⌊kN/n_c⌋ or later, and must before place
    ⌈(k + 1)N/n_c⌉. The earliest deadline goes first, of equal ones the class that came up first.
    """
    queues: dict[int, list[int]] = {}
    for row in rows:
        queues.setdefault(int(labels[row]), []).append(row)
    total, done, order = len(rows), dict.fromkeys(queues, 0), list[int]()
    for place in range(total):
        due = {
            label: -(-(done[label] + 1) * total // len(queue))
            for label, queue in queues.items()
            if done[label] < len(queue) and done[label] * total // len(queue) <= place
        }
        label = min(due, key=lambda label: due[label])
        order.append(queues[label][done[label]])
        done[label] += 1
    return order


def noisy_labels(dataset: Dataset, experiment: Experiment, train: list[int]) -> Array:
    """All labels, with p·n of the n training labels moved: those of a shuffle's first rows, among rows as stored."""
    labels, classes = dataset.y.copy(), dataset.classes or 1
    random, stored = stream(experiment.split.seed, Purpose.LABEL_NOISE), sorted(train)
    chosen = random.permutation(len(stored))[: share_of(experiment.label_noise, len(stored))]
    if classes > 1:
        for place, further in zip(chosen, random.integers(1, classes, len(chosen)), strict=True):
            labels[stored[place]] = (labels[stored[place]] + further) % classes
    return labels


# ---- What becomes of their features and targets


def features(kinds: Sequence[Column] | None, x: Array, known: Array) -> Array:
    """(N, I) what a network sees of columns x (N, C), of which the training rows ``known`` (n, C) decide.

    A missing number becomes the mean of those that the training rows have, and a feature of its own is 1 there. A
    category becomes a feature for each level, 1 where it is that level, and 0 everywhere if no training row has it.
    """
    found: list[Any] = []
    for kind, values, trained in zip(kinds or [Column()] * x.shape[1], x.T, known.T, strict=True):
        if kind.levels:
            found += [(values == level) & (level in trained) for level in range(kind.levels)]
        elif kind.missing:
            there = trained[~np.isnan(trained)]
            mean = there.mean() if len(there) else 0.0
            found += [np.where(np.isnan(values), mean, values), np.isnan(values)]
        else:
            found.append(values)
    return np.stack(found, axis=1).astype(np.float64)


def flags(kinds: Sequence[Column] | None, x: Array) -> NDArray[np.bool_]:
    """(I,) which features say yes or no: those are not scaled."""
    found: list[bool] = []
    for kind in kinds or [Column()] * x.shape[1]:
        found += [True] * kind.levels if kind.levels else [False, True][: kind.width]
    return np.array(found)


def feature_scaling(spec: Experiment, x: Array) -> tuple[Array, Array]:
    """(mean, scale) (I,) of (x - mean)/scale; a feature that does not vary is divided by ∞, which makes it 0."""
    if spec.scaling == "standardize":
        return x.mean(axis=0), np.where(constant(x), np.inf, deviation(x))
    divisor = spec.scaling.divide_by if isinstance(spec.scaling, Divide) else 1.0
    return np.zeros(x.shape[1]), np.full(x.shape[1], divisor)


def target_scaling(spec: Experiment, y: Array, task: str) -> tuple[Array, Array]:
    """(mean, scale) (O,) of (y - mean)/scale; targets that are c throughout are divided by max(1, |c|)."""
    y = columns(y)
    if task == "regression" and spec.target_scaling == "standardize":
        return y.mean(axis=0), np.where(constant(y), np.maximum(1, np.abs(y[0])), deviation(y))
    return np.zeros(y.shape[1]), np.ones(y.shape[1])


def constant(values: Array) -> NDArray[np.bool_]:
    """Columns that vary by rounding only."""
    spread: NDArray[np.bool_] = np.ptp(values, axis=0) <= 1e-15 * np.abs(values).max(axis=0)
    return spread


def deviation(values: Array) -> Array:
    """The standard deviation of each column: √(Σ(v - mean)²/N)."""
    variance: Array = ((values - values.mean(axis=0)) ** 2).mean(axis=0)
    return np.sqrt(variance)


def columns(y: Array) -> Array:
    """Targets (N,) or (N, O) as (N, O)."""
    return y[:, None] if y.ndim == 1 else y


def one_hot(labels: Array, outputs: int) -> Array:
    """Targets (N, O): 1 in the column of the class; with one output the number itself, which is 0 or 1."""
    return columns(labels) if outputs == 1 else np.eye(outputs)[labels]


def smoothed(targets: Array, spec: Experiment) -> Array:
    """Label smoothing ε (Szegedy et al. 2016): y(1 - ε) + ε/C for exclusive classes, y(1 - ε) + ε/2 for sigmoids."""
    level = 1 / targets.shape[1] if spec.output == "softmax" else 1 / 2
    return targets * (1 - spec.label_smoothing) + spec.label_smoothing * level


# ---- What each training row weighs in the loss


def row_weights(dataset: Dataset, spec: Experiment, rows: list[int], labels: Array) -> Array | None:
    """(n,) the weights of the rows, divided by their mean, times those of their classes; None without either."""
    if dataset.weights is None and spec.class_weight is None:
        return None
    own: Array = np.ones(len(rows)) if dataset.weights is None else dataset.weights[rows]
    return own / float(own.mean()) * class_weights(spec.class_weight, labels)


def class_weights(rule: str | Mapping[str, float] | None, labels: Array) -> Array:
    """(n,) for each row n/(C·n_c) if ``balanced``, C the classes that these rows have; else the given weight, or 1."""
    if rule is None:
        return np.ones(len(labels))
    if not isinstance(rule, str):
        return np.array([rule.get(str(label), 1.0) for label in labels.tolist()])
    present, index, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return (len(labels) / (len(present) * sizes))[index]
