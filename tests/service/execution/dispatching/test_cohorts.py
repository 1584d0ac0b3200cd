"""Experiments of one cohort are exactly those that the engine trains as one stack."""

import dataclasses
from typing import Any

import pytest

from engine.data import prepare
from engine.errors import InvalidSpec
from engine.safetensors import to_safetensors
from engine.spec import Experiment, Layer, Resolved, resolve
from engine.spec.rules import json_name
from engine.training import Result, training
from service.datasets import catalog
from service.datasets.loading import load
from service.experiments.cohort import cohort_of

LAYER: dict[str, Any] = {
    "units": 5,
    "activation": {"name": "leaky_relu", "negative_slope": 0.1},
    "dropout": 0.1,
    "penalty": {"name": "l1", "lambda": 0.1},
}
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.5}
TEMPLATE: dict[str, Any] = {
    "architecture": [LAYER, 4],
    "penalty": "elastic_net",
    "lambda": 0.5,
    "optimizer": SGD,
    "max_epochs": 3,
    "clip_norm": 1.0,
    "max_norm": 2.0,
    "class_weight": {"0": 1, "1": 2},
    "seed": 1,
}


def layer(**changes: Any) -> dict[str, Any]:
    return {"architecture": [{**LAYER, **changes}, 4]}


def optimizer(**changes: Any) -> dict[str, Any]:
    return {"optimizer": {**SGD, **changes}}


OWN: dict[str, list[dict[str, Any]]] = {
    "lambda": [{"lambda": 0.0}],
    "l1_ratio": [{"l1_ratio": 0.9}],
    "init": [{"init": "zeros"}, {"init": {"name": "normal", "std": 0.1}}],
    "bias_init": [{"bias_init": {"name": "uniform", "limit": 0.1}}],
    "patience": [{"patience": 0}],
    "monitor": [{"monitor": "train_accuracy"}],
    "min_delta": [{"min_delta": 0.5}],
    "start_from_epoch": [{"start_from_epoch": 2}],
    "baseline": [{"baseline": 0.1}],
    "max_epochs": [{"max_epochs": 2}],
    "schedule": [{"schedule": "cosine"}, {"schedule": "plateau"}],
    "seed": [{"seed": 2}],
    "clip_norm": [{"clip_norm": 0.1}],
    "max_norm": [{"max_norm": 0.7}],
    "optimizer": [optimizer(learning_rate=0.3), optimizer(momentum=0.9)],
    "architecture": [layer(init="zeros"), layer(penalty={"name": "l1", "lambda": 9})],
}
"""By field: what experiments of one cohort may differ in."""

SHARED: dict[str, list[dict[str, Any]]] = {
    "activation": [{"activation": "tanh"}],
    "penalty": [{"penalty": "l2"}],
    "l1_update": [{"l1_update": "subgradient"}],
    "clip_norm": [{"clip_norm": None}],
    "max_norm": [{"max_norm": None}],
    "loss": [{"loss": "binary_cross_entropy"}],
    "output": [{"loss": "squared_error", "output": "sigmoid"}],
    "scaling": [{"scaling": "none"}, {"scaling": {"divide_by": 8}}],
    "class_weight": [{"class_weight": None}, {"class_weight": "balanced"}, {"class_weight": {"0": 1}}],
    "label_smoothing": [{"label_smoothing": 0.1}],
    "input_dropout": [{"input_dropout": 0.1}],
    "target_scaling": [{"target_scaling": "none"}],
    "batch_size": [{"batch_size": 16}],
    "split": [{"split": {"seed": 1}}, {"split": {"train_rows": 30}}, {"split": {"validation": 0.1}}],
    "label_noise": [{"label_noise": 0.1}],
    "precision": [{"precision": "float64"}],
    "optimizer": [
        optimizer(momentum=0.0),
        optimizer(nesterov=True),
        {"optimizer": "rmsprop"},
        {"optimizer": {"name": "rmsprop", "centered": True}},
    ],
    "architecture": [
        layer(units=6),
        layer(activation="relu"),
        layer(activation={"name": "leaky_relu", "negative_slope": 0.2}),
        layer(dropout=0.2),
        layer(batch_norm=True),
        layer(penalty={"name": "l2", "lambda": 0.1}),
        {"architecture": []},
    ],
}
"""By field: what keeps experiments apart."""


def cases(table: dict[str, list[dict[str, Any]]]) -> list[Any]:
    return [
        pytest.param(change, id=f"{name}-{number}")
        for name, changes in table.items()
        for number, change in enumerate(changes)
    ]


def iris() -> catalog.BuiltinDataset:
    found = catalog.find("iris")
    assert found is not None
    return found


def resolved(change: dict[str, Any]) -> Resolved:
    return resolve(Experiment.from_document(TEMPLATE | change), iris().facts)


def cohort(change: dict[str, Any], version: str = "1") -> str:
    return cohort_of(resolved(change).experiment, version)


def results(*changes: dict[str, Any]) -> tuple[Result, ...]:
    dataset = load("iris", iris().version)
    run = training([resolved(each).experiment for each in changes], prepare(dataset, resolved(changes[0])))
    while True:
        try:
            next(run)
        except StopIteration as end:
            ended: tuple[Result, ...] = end.value
            return ended


def weights(result: Result) -> tuple[bytes, bytes]:
    assert result.best is not None
    return to_safetensors(result.last), to_safetensors(result.best)


@pytest.mark.parametrize("change", cases(OWN))
def test_what_a_lane_has_of_its_own_trains_beside_others_bit_for_bit(change: dict[str, Any]) -> None:
    assert resolved(change).experiment != resolved({}).experiment
    assert cohort(change) == cohort({})
    for lane, alone in zip(results({}, change), (*results({}), *results(change)), strict=True):
        assert weights(lane) == weights(alone)
        assert (lane.stop_reason, lane.epochs, lane.best_epoch) == (
            alone.stop_reason,
            alone.epochs,
            alone.best_epoch,
        )


@pytest.mark.parametrize("change", cases(SHARED))
def test_what_a_stack_must_share_keeps_cohorts_apart(change: dict[str, Any]) -> None:
    assert cohort(change) != cohort({})
    with pytest.raises(InvalidSpec):
        results({}, change)


def test_every_field_is_on_one_of_the_sides() -> None:
    fields = {json_name(field) for field in dataclasses.fields(Experiment)}
    # What is stored is in textbook terms, whatever it was given in.
    assert fields - {"lambda_convention"} == OWN.keys() | SHARED.keys()
    in_layers = {
        name for change in (*OWN["architecture"], *SHARED["architecture"]) for name in _changed(change)
    }
    assert in_layers == {field.name for field in dataclasses.fields(Layer)}


def _changed(change: dict[str, Any]) -> list[str]:
    return [name for each in change["architecture"][:1] for name in each if each[name] != LAYER.get(name)]


def test_another_version_of_the_data_is_another_cohort() -> None:
    assert cohort({}, "1") != cohort({}, "2")


def test_the_order_in_which_something_is_written_makes_no_difference() -> None:
    assert cohort({"class_weight": {"1": 2, "0": 1}}) == cohort({})
