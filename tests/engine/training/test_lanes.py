"""A lane of any stack is bit for bit its lone run."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from engine.data import Splits, prepare
from engine.errors import InvalidSpec
from engine.safetensors import Checkpoint, to_safetensors
from engine.spec import SCHEDULES as SCHEDULES_OF_SPEC
from engine.spec import Experiment, Optimizer, resolve
from engine.training import Result, training
from tests.engine.problems import EVERYTHING, OPTIMIZERS, SCHEDULES, dataset, label, layers, prepared
from tests.engine.random_specs import random_problem

OWN: tuple[dict[str, Any], ...] = (
    {"seed": 1, "lambda_": 0.0, "max_epochs": 7},
    {"seed": 2, "lambda_": 0.5, "max_epochs": 4},
    {"seed": 3, "lambda_": 2.0, "max_epochs": 7, "patience": 1, "min_delta": 0.5, "init": "large"},
    {"seed": 1, "lambda_": 30.0, "max_epochs": 6, "monitor": "train_accuracy", "patience": 2},
    {"seed": 5, "lambda_": 0.1, "max_epochs": 5, "l1_ratio": 0.9},
)


def finished(experiments: list[Experiment], splits: Splits) -> tuple[list[list[Any]], tuple[Result, ...]]:
    """Every lane's metrics by epoch, and the results."""
    run, metrics = training(experiments, splits), [[] for _ in experiments]  # type: tuple[Any, list[list[Any]]]
    while True:
        try:
            report = next(run)
        except StopIteration as end:
            return metrics, end.value
        for lane in report.lanes:
            metrics[lane.lane].append(lane.metrics)


def content(checkpoint: Checkpoint | None) -> bytes | None:
    return None if checkpoint is None else to_safetensors(checkpoint)


def lanes(template: Experiment, *, rates: bool = True) -> list[Experiment]:
    experiments = [dataclasses.replace(template, **own) for own in OWN]
    if not rates:
        return experiments
    return [
        dataclasses.replace(each, optimizer=another(each.optimizer, number))
        for number, each in enumerate(experiments)
    ]


def another(optimizer: Optimizer, number: int) -> Optimizer:
    """The optimizer with another value of each of its parameters that is a number and not 0."""
    parameters = {item.name: getattr(optimizer, item.name) for item in dataclasses.fields(optimizer)}
    own: dict[str, Any] = {
        name: value * (1 - number / 20) for name, value in parameters.items() if isinstance(value, float)
    }
    return dataclasses.replace(optimizer, **(own | {"learning_rate": 0.02 * (number + 1)}))


def check(experiments: list[Experiment], splits: Splits) -> None:
    metrics, results = finished(experiments, splits)
    for lane, experiment in enumerate(experiments):
        (alone,), (result,) = finished([experiment], splits)
        assert str(metrics[lane]) == str(alone)
        assert to_safetensors(results[lane].last) == to_safetensors(result.last)
        assert content(results[lane].best) == content(result.best)
        assert dataclasses.replace(results[lane], lane=0, best=None, last=result.last) == dataclasses.replace(
            result, best=None
        )


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)
def test_every_optimizer(optimizer: dict[str, Any], precision: str) -> None:
    experiment, splits = prepared(
        dataset("multiclass"),
        architecture=layers(7, dropout=0.2),
        optimizer=optimizer,
        penalty="elastic_net",
        batch_size=7,
        precision=precision,
    )
    check(lanes(experiment), splits)


@pytest.mark.parametrize("penalty", ["none", "l1", "l2"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_every_task(task: str, penalty: str) -> None:
    experiment, splits = prepared(dataset(task), architecture=[16], penalty=penalty, batch_size=16)
    own = [each for each in lanes(experiment) if task != "regression" or "accuracy" not in each.monitor]
    check(own, splits)


@pytest.mark.parametrize("architecture", [[], [1], [33, 1], [6, {"units": 1, "batch_norm": True}]])
@pytest.mark.parametrize("batch", [1, 36, 1000])
def test_thin_layers_and_odd_batches(architecture: list[Any], batch: int) -> None:
    experiment, splits = prepared(
        dataset("binary"), architecture=architecture, batch_size=batch, penalty="l2"
    )
    check(lanes(experiment), splits)


@pytest.mark.parametrize("features", [5, 300])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_every_option_and_every_schedule_at_once(optimizer: str, features: int) -> None:
    own = {"name": "l1", "lambda": 0.3}
    experiment, splits = prepared(
        dataset("multiclass", features=features),
        architecture=[{"units": 9, "dropout": 0.2, "penalty": own, "batch_norm": True}, 5],
        optimizer=optimizer,
        penalty="l2",
        batch_size=7,
        **EVERYTHING,
    )
    own_schedules = [
        dataclasses.replace(
            lane,
            schedule=SCHEDULES_OF_SPEC.check(SCHEDULES[number]),
            clip_norm=0.1 * (number + 1),
            max_norm=number + 0.5,
        )
        for number, lane in enumerate(lanes(experiment) * 2)
    ]
    check(own_schedules, splits)


@pytest.mark.parametrize("penalty", ["l2", "elastic_net"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=label)
def test_the_first_layer_stored_by_unit(optimizer: dict[str, Any], penalty: str) -> None:
    fields = {"architecture": [30], "batch_size": 10, "penalty": penalty, "optimizer": optimizer}
    experiment, splits = prepared(dataset("multiclass", features=300), **fields)
    check(lanes(experiment), splits)


def test_random_runs() -> None:
    for seed in range(40):
        data, unresolved = random_problem(seed)
        resolved = resolve(unresolved, data.facts)
        first = resolved.experiment
        own: list[dict[str, Any]] = [
            {},
            {"max_epochs": 2, "patience": 0},
            {"seed": 5, "lambda_": first.lambda_ / 2},
        ]
        experiments = [
            dataclasses.replace(first, optimizer=another(first.optimizer, number), **fields)
            for number, fields in enumerate(own)
        ]
        check(experiments, prepare(data, resolved))


def test_a_lane_that_overflows_harms_no_other() -> None:
    experiment, splits = prepared(dataset("regression"), architecture=[8], penalty="l2", optimizer="sgd")
    wild = dataclasses.replace(experiment.optimizer, learning_rate=1e9)
    experiments = [each for each in lanes(experiment) if "accuracy" not in each.monitor]
    experiments[1] = dataclasses.replace(experiments[1], optimizer=wild)
    check(experiments, splits)
    _, results = finished(experiments, splits)
    assert results[1].stop_reason == "non_finite"
    assert all(np.isfinite(array).all() for array in results[0].last.arrays.values())


def test_lanes_of_another_shape_are_refused_with_the_field() -> None:
    experiment, splits = prepared(dataset("multiclass"))
    other = dataclasses.replace(experiment, batch_size=3, penalty="l2")
    with pytest.raises(InvalidSpec, match=r"#/batch_size.*#/penalty"):
        next(training([experiment, other], splits))
