"""The estimate of a run: what it counts is what the engine does, what it adds up is what NumPy allocates."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.data import Dataset, prepare
from engine.spec import ACTIVATIONS, Estimate, Experiment, Resolved, estimate, layer_sizes, resolve
from engine.spec.cost import NANOSECONDS, calls_per_step, units, work_of_epoch
from engine.training import training
from engine.training.epoch import Epoch
from engine.training.stack import start
from tests.engine.problems import dataset

DATA = dataset("multiclass", rows=200)


def resolved(data: Dataset = DATA, **fields: Any) -> Resolved:
    plain = {"architecture": [16, 16], "seed": 1, "optimizer": "sgd"}
    return resolve(Experiment(**{**plain, **fields}), data.facts)


def estimated(data: Dataset = DATA, **fields: Any) -> Estimate:
    return estimate(resolved(data, **fields), data.facts)


def layers(**fields: Any) -> dict[str, Any]:
    return {"architecture": [{"units": 16, **fields}, {"units": 16, **fields}]}


VARIANTS: list[dict[str, Any]] = [
    {},
    {"architecture": []},
    *({"activation": name} for name in (*ACTIVATIONS.plain.allowed, *ACTIVATIONS.parametric)),
    {"optimizer": "adam"},
    {"optimizer": "adamw"},
    {"optimizer": "adagrad"},
    {"optimizer": "rmsprop"},
    {"optimizer": {"name": "rmsprop", "centered": True, "momentum": 0.9}},
    {"optimizer": {"name": "sgd", "momentum": 0.9}},
    {"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True}},
    {"optimizer": "adam", "architecture": [300, 300]},
    {"penalty": "l1", "lambda_": 1},
    {"penalty": "l2", "lambda_": 1},
    {"penalty": "elastic_net", "lambda_": 1},
    {"penalty": "elastic_net", "lambda_": 1, "optimizer": {"name": "sgd", "momentum": 0.9}},
    {"penalty": "elastic_net", "lambda_": 1, "optimizer": "adam"},
    {"penalty": "l1", "lambda_": 1, "l1_update": "subgradient"},
    {"clip_norm": 1},
    {"max_norm": 1},
    {"input_dropout": 0.1},
    layers(dropout=0.1),
    layers(batch_norm=True),
    {"loss": "binary_cross_entropy"},
    {"loss": "squared_error"},
]


@pytest.mark.parametrize("fields", VARIANTS, ids=str)
def test_counts_the_calls_of_a_step(fields: dict[str, Any]) -> None:
    found, splits = resolved(**fields), prepare(DATA, resolved(**fields))
    features, outputs = splits.train.x.shape[1], splits.train.targets.shape[1]
    epoch = Epoch(
        start([found.experiment], features, outputs, len(splits.train)),
        splits.train.inputs,
        splits.train.targets,
    )
    real = len(epoch.stages[0][0].calls)
    counted = calls_per_step(found.experiment, layer_sizes(found.experiment, features, outputs))
    assert counted == pytest.approx(real, rel=0.15, abs=3)


def test_counts_the_work_of_an_epoch() -> None:
    found = resolved(architecture=[30, 20], activation="tanh", batch_size=50)
    sizes = layer_sizes(found.experiment, 7, 3)
    weights, rows = 7 * 30 + 30 * 20 + 20 * 3, found.rows.train
    work = work_of_epoch(found.experiment, found.rows, sizes)
    assert rows == 120
    products = 3 * weights - 7 * 30  # no gradient by the features
    assert work.multiplications == rows * products + (120 + 40) * weights
    assert work.streamed == 0, "all of them stay in a cache"
    wide = work_of_epoch(found.experiment, found.rows, (7, 512, 1024, 3))
    assert wide.streamed == pytest.approx(
        3 * (3 * (512 * 1024 + 512 * 7 + 1024 * 3) - 7 * 512) * 0.5, rel=0.02
    )
    assert work.functions == (120 + 160) * (30 + 20 + 3)
    assert work.parameters == 3 * weights * 1
    assert work.gathered == 120 * 7
    assert work.draws == 0
    assert set(units(work, "float32")) == set(NANOSECONDS)


def test_more_work_takes_longer() -> None:
    base = estimated()
    for fields in (
        {"architecture": [256, 256]},
        {"batch_size": 4},
        {"optimizer": "adam"},
        layers(batch_norm=True),
    ):
        assert estimated(**fields).seconds_per_epoch > base.seconds_per_epoch
    assert estimated(dataset("multiclass", rows=2000)).seconds_per_epoch > 2 * base.seconds_per_epoch
    wide: dict[str, Any] = {"architecture": [1000, 1000]}
    doubled = estimated(**wide, precision="float64").seconds_per_epoch
    assert doubled == pytest.approx(2 * estimated(**wide).seconds_per_epoch, rel=0.1)


def test_the_run_takes_its_epochs_or_its_time() -> None:
    found = resolved(max_epochs=300)
    whole = estimate(found, DATA.facts)
    assert whole.seconds == pytest.approx(300 * whole.seconds_per_epoch, rel=0.01)
    assert estimate(found, DATA.facts, 0.001).seconds == 0.001
    assert estimate(found, DATA.facts, 1e9) == whole


@pytest.mark.parametrize(
    ("rows", "features", "fields"),
    [
        (3000, 50, {}),
        (3000, 50, {"precision": "float64", "optimizer": "adam"}),
        (500, 20, {"architecture": [300, 300], "optimizer": "adam"}),
        (60, 200, {"architecture": [700, 700], "optimizer": "adam", "batch_size": 4}),
        (500, 20, {"architecture": [300, 300], "activation": "gelu"}),
        (3000, 10, {"architecture": [200], "activation": "tanh", "batch_size": 500}),
        (1500, 400, {"architecture": []}),
        (1500, 400, {"architecture": [100], "split": {"validation": 0}}),
    ],
)
def test_the_memory_is_what_numpy_allocates(rows: int, features: int, fields: dict[str, Any]) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(rows, features)).astype(np.float32), generator.integers(0, 10, rows)
    data = Dataset(x, y, task="multiclass", classes=10)
    found = resolved(data, max_epochs=1, **fields)
    tracemalloc.start()
    try:
        for _ in training([found.experiment], prepare(data, found)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 1 / 1.6 < estimate(found, data.facts).memory_bytes / peak < 1.6
