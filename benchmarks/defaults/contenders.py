"""What is compared on one data set: our candidates for the default, scikit-learn's network, and a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.defaults.data_sets import data_set
from engine import Dataset, Experiment, Split, prepare, resolve, train
from engine.data import Part
from engine.kernels import Array

__all__ = ["CANDIDATES", "PEERS", "measured"]

CANDIDATES: Mapping[str, dict[str, Any]] = {
    "sgd 0.1": {"name": "sgd", "learning_rate": 0.1},
    "momentum 0.01": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    "adam 0.001": {"name": "adam", "learning_rate": 0.001},
    "adam 0.003": {"name": "adam", "learning_rate": 0.003},
    "adam 0.005": {"name": "adam", "learning_rate": 0.005},
    "adam 0.01": {"name": "adam", "learning_rate": 0.01},
    "adamw 0.003": {"name": "adamw", "learning_rate": 0.003},
}
PEERS = ("mlp", "mlp 80 %", "linear", "constant")
"""scikit-learn's network on our training rows, and on our validation rows too; linear and constant model on ours."""


def measured(name: str, contender: str, seed: int, most_rows: int | None) -> tuple[float, bool]:
    """The test accuracy or R² of one contender for one seed of split and network, and whether it stayed finite."""
    data = data_set(name)
    if most_rows is not None and len(data.x) > most_rows:
        data = _sample(data, most_rows)
    if contender in CANDIDATES:
        return _ours(data, CANDIDATES[contender], seed)
    return _theirs(data, contender, seed), True


def _sample(data: Dataset, rows: int) -> Dataset:
    chosen = np.random.default_rng(0).permutation(len(data.x))[:rows]
    return Dataset(
        data.x[chosen],
        data.y[chosen],
        task=data.task,
        classes=data.classes,
        scaling=data.scaling,
        columns=data.columns,
    )


def _experiment(seed: int, **fields: Any) -> Experiment:
    return Experiment(seed=seed, split=Split(seed=seed), **fields)


def _ours(data: Dataset, optimizer: dict[str, Any], seed: int) -> tuple[float, bool]:
    """A run with nothing but the optimizer given; its best weights are tested, as the service does."""
    result = train(_experiment(seed, optimizer=optimizer), data)
    score = (result.test or {}).get("accuracy" if data.has_classes else "r2")
    return (float("nan") if score is None else score), result.stop_reason != "non_finite"


def _theirs(data: Dataset, contender: str, seed: int) -> float:
    """A model of scikit-learn's with its own defaults, on the scaled features and targets that we train on."""
    resolved = resolve(_experiment(seed), data.facts)
    parts = prepare(data, resolved)
    train_x, train_y = parts.train.x, _targets(parts.train)
    if contender == "mlp 80 %":
        train_x = np.concatenate([train_x, parts.validation.x])
        train_y = np.concatenate([train_y, _targets(parts.validation)])
    model = _model(contender, seed, has_classes=data.has_classes)
    with warnings.catch_warnings():
        # That 200 iterations were not enough is part of the default.
        warnings.simplefilter("ignore")
        model.fit(train_x, train_y)
    return float(model.score(parts.test.x, _targets(parts.test)))


def _targets(part: Part) -> Array:
    return part.targets[:, 0] if part.labels is None else part.labels


def _model(contender: str, seed: int, *, has_classes: bool) -> Any:
    if contender.startswith("mlp"):
        return (MLPClassifier if has_classes else MLPRegressor)(random_state=seed)
    if contender == "constant":
        return DummyClassifier() if has_classes else DummyRegressor()
    return LogisticRegression() if has_classes else Ridge()
