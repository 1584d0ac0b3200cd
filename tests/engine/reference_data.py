"""Which rows train, validate and test, and what becomes of them: the data section of docs/numerics.md in plain Python.

For tables of plain numbers without groups; N rows, I features, O outputs, C classes.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Dataset
from engine.spec import Divide, Experiment, OrderSplit, Resolved, Split
from tests.engine.reference_run import stream

Array = NDArray[Any]

SPLIT, LABEL_NOISE = 3, 4
"""The purposes of random numbers, each with a stream of its own."""


def share_of(share: float, rows: int) -> int:
    """A decimal share of some rows, rounded half up."""
    return int((Decimal(repr(share)) * rows).quantize(Decimal(1), ROUND_HALF_UP))


# ---- Which rows


def parts_of(dataset: Dataset, experiment: Experiment) -> dict[str, list[int]]:
    """The rows of each part that is taken from ``dataset.x``; those to train on in the order that train_rows cuts."""
    split, rows = experiment.split, len(dataset.y)
    shuffled = stream(split.seed, SPLIT).permutation(rows).tolist()
    if not isinstance(split, Split):
        found = by_order(dataset, split) if isinstance(split, OrderSplit) else {"train": list(range(rows))}
        if split.train_rows is not None:
            sample = [row for row in shuffled if row in set(found["train"])]
            found["train"] = due_order(sample, dataset.y) if dataset.has_classes else sample
        return found
    remaining, found = shuffled, {}
    for name, share in (("validation", split.validation), ("test", split.test)):
        if share is not None:
            count = share_of(share, rows)
            found[name] = in_proportion(remaining, dataset.y, count) if split.stratify else remaining[:count]
            remaining = [row for row in remaining if row not in set(found[name])]
    return {**found, "train": due_order(remaining, dataset.y) if split.stratify else remaining}


def by_order(dataset: Dataset, split: OrderSplit) -> dict[str, list[int]]:
    """The first rows of an order train, those after them validate, and the last test."""
    rows = list(range(len(dataset.y)))
    if dataset.order is not None:
        rows.sort(key=dataset.order.item)
    counts = {
        name: share_of(share, len(rows))
        for name, share in (("validation", split.validation), ("test", split.test))
        if share is not None
    }
    train = len(rows) - sum(counts.values())
    found = {"train": rows[:train]}
    for name, count in counts.items():
        found[name] = rows[train : train + count]
        train += count
    return found


def in_proportion(rows: list[int], labels: Array, count: int) -> list[int]:
    """``count`` of the rows, of each class the first ones.

    Each class gets its share rounded down, and those with the largest remainders one more, of equal ones the first.
    """
    classes = sorted({int(labels[row]) for row in rows})
    members = {kind: [row for row in rows if labels[row] == kind] for kind in classes}
    exact = {kind: len(members[kind]) * count / len(rows) for kind in classes}
    quota = {kind: int(exact[kind]) for kind in classes}
    lacking = count - sum(quota.values())
    for kind in sorted(classes, key=lambda kind: quota[kind] - exact[kind])[:lacking]:
        quota[kind] += 1
    taken = {row for kind in classes for row in members[kind][: quota[kind]]}
    return [row for row in rows if row in taken]


def due_order(rows: list[int], labels: Array) -> list[int]:
    """Rows ordered so that every prefix has each class in proportion (Tijdeman 1980).

    With n_c rows of N, row k of class c (from 0) may stand at place ⌊kN/n_c⌋ or later, and must before place
    ⌈(k + 1)N/n_c⌉. The earliest deadline goes first, of equal ones the class that came up first.
    """
    queues: dict[int, list[int]] = {}
    for row in rows:
        queues.setdefault(int(labels[row]), []).append(row)
    total, done, order = len(rows), dict.fromkeys(queues, 0), list[int]()
    for place in range(total):
        open_ = [
            kind
            for kind, queue in queues.items()
            if done[kind] < len(queue) and done[kind] * total // len(queue) <= place
        ]
        kind = min(open_, key=lambda kind: -(-(done[kind] + 1) * total // len(queues[kind])))
        order.append(queues[kind][done[kind]])
        done[kind] += 1
    return order


def noisy_labels(dataset: Dataset, experiment: Experiment, train: list[int]) -> Array:
    """All labels, with p·N of the N training labels moved: those of a shuffle's first rows, among rows as stored."""
    labels, classes = dataset.y.copy(), dataset.classes or 1
    random, stored = stream(experiment.split.seed, LABEL_NOISE), sorted(train)
    chosen = random.permutation(len(stored))[: share_of(experiment.label_noise, len(stored))]
    if experiment.label_noise and classes > 1:
        for place, steps in zip(chosen, random.integers(1, classes, len(chosen)), strict=True):
            labels[stored[place]] = (labels[stored[place]] + steps) % classes
    return labels


# ---- What they become


@dataclass(frozen=True)
class Prepared:
    """One part: features (N, I), targets (N, O), class numbers (N,) and weights (N,) of the losses."""

    x: Array
    targets: Array
    labels: Array | None
    weights: Array | None = None


def prepared_parts(dataset: Dataset, resolved: Resolved) -> dict[str, Prepared]:
    """The three parts as an experiment trains, validates and tests on them."""
    spec, rows = resolved.experiment, parts_of(dataset, resolved.experiment)
    labels = noisy_labels(dataset, spec, rows["train"]) if dataset.has_classes else dataset.y
    rows["train"] = rows["train"][: spec.split.train_rows]
    raw = {name: (dataset.x[index], dataset.y[index]) for name, index in rows.items()}
    raw |= {name: own for name, own in dataset.own_parts.items() if name not in rows}
    raw["train"] = (dataset.x[rows["train"]], labels[rows["train"]])
    x_mean, x_scale = feature_scaling(spec, raw["train"][0])
    y_mean, y_scale = target_scaling(spec, raw["train"][1], dataset.task)
    found = {}
    for name, (x, y) in raw.items():
        targets = one_hot(y, resolved.outputs) if dataset.has_classes else columns(y)
        if dataset.task == "regression":
            targets = (targets - y_mean) / y_scale
        found[name] = Prepared((x - x_mean) / x_scale, targets, y if dataset.has_classes else None)
    train = found["train"]
    weights = row_weights(dataset, spec, rows["train"], raw["train"][1])
    found["train"] = Prepared(train.x, smoothed(train.targets, spec), train.labels, weights)
    return found


def columns(y: Array) -> Array:
    """(N, O) of (N,) or (N, O)."""
    return y.reshape(len(y), -1) if y.size else y.reshape(0, 1 if y.ndim == 1 else y.shape[1])


def one_hot(labels: Array, outputs: int) -> Array:
    """(N, O): 1 in the column of the class; the number itself where there is one output."""
    if outputs == 1:
        return columns(labels)
    return np.array([[float(label == output) for output in range(outputs)] for label in labels]).reshape(
        -1, outputs
    )


def feature_scaling(spec: Experiment, x: Array) -> tuple[Array, Array]:
    """What to take off and what to divide by, (I,) both; a feature that does not vary is 0 everywhere."""
    if spec.scaling == "standardize":
        return x.mean(axis=0), np.where(constant(x), np.inf, deviation(x))
    divisor = spec.scaling.divide_by if isinstance(spec.scaling, Divide) else 1.0
    return np.zeros(x.shape[1]), np.full(x.shape[1], divisor)


def target_scaling(spec: Experiment, y: Array, task: str) -> tuple[Array, Array]:
    """What to take off and what to divide by, (O,) both; targets that are c throughout are divided by max(1, |c|)."""
    y = columns(y)
    if task == "regression" and spec.target_scaling == "standardize":
        return y.mean(axis=0), np.where(constant(y), np.maximum(1, np.abs(y[0])), deviation(y))
    return np.zeros(y.shape[1]), np.ones(y.shape[1])


def constant(values: Array) -> Array:
    """Which columns do not vary by more than rounding."""
    return np.asarray(np.ptp(values, axis=0) <= 1e-15 * np.abs(values).max(axis=0))


def deviation(values: Array) -> Array:
    """The standard deviation of each column, divided by N."""
    return np.asarray(np.sqrt(((values - values.mean(axis=0)) ** 2).mean(axis=0)))


def smoothed(targets: Array, spec: Experiment) -> Array:
    """y(1 - ε) + ε/K for exclusive classes, y(1 - ε) + ε/2 for sigmoids."""
    share = 1 / targets.shape[1] if spec.output == "softmax" else 1 / 2
    return np.asarray(targets * (1 - spec.label_smoothing) + spec.label_smoothing * share)


def row_weights(dataset: Dataset, spec: Experiment, rows: list[int], labels: Array) -> Array | None:
    """(n,) weights of the rows, divided by their mean, times those of their classes; None without either.

    Balanced classes weigh n/(C·n_c), C the classes that the training rows have; classes that are not named weigh 1.
    """
    if dataset.weights is None and spec.class_weight is None:
        return None
    own = np.ones(len(rows)) if dataset.weights is None else dataset.weights[rows]
    rule = spec.class_weight
    counts = {} if rule is None else {int(label): int((labels == label).sum()) for label in labels}
    by_class = dict.fromkeys(counts, 1.0)
    if rule == "balanced":
        by_class = {label: len(rows) / (len(counts) * count) for label, count in counts.items()}
    elif isinstance(rule, dict):
        by_class = {label: rule.get(str(label), 1.0) for label in counts}
    of_class = np.ones(len(rows)) if rule is None else np.array([by_class[int(label)] for label in labels])
    return np.asarray(own / own.mean() * of_class)
