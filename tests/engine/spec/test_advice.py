"""Warnings about what is allowed and probably not meant: each where it belongs, none anywhere else."""

from __future__ import annotations

from typing import Any

import pytest

from engine.data import Dataset
from engine.spec import DatasetFacts, Experiment, resolve
from engine.training import train
from service.datasets import service as datasets
from service.datasets.loading import load

DIGITS = DatasetFacts(task="multiclass", rows=1000, features=64, classes=10)
DIABETES = DatasetFacts(task="regression", rows=1000, features=10, classes=None)
ROWS = 600
"""Training rows of both: 19 steps an epoch with the default batch of 32."""


def warnings(facts: DatasetFacts = DIGITS, **fields: Any) -> list[tuple[str, str]]:
    found = resolve(Experiment(**fields), facts).warnings
    assert all(warning.message.endswith(".") for warning in found)
    return [(warning.code, "#/" + "/".join(map(str, warning.path))) for warning in found]


def of_layer(**penalty: Any) -> dict[str, Any]:
    return {"architecture": [5, {"units": 5, "penalty": penalty}]}


def schedule(name: str, **parameters: Any) -> dict[str, Any]:
    return {"max_epochs": 10, "schedule": {"name": name, **parameters}}


SLOW = {"name": "sgd", "learning_rate": 0.01}
LAYER = "#/architecture/1/penalty/lambda"


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"patience": 10, "max_epochs": 10}, "patience_too_long", "#/patience"),
        ({"patience": 6, "start_from_epoch": 4, "max_epochs": 10}, "patience_too_long", "#/patience"),
        ({"start_from_epoch": 10, "max_epochs": 10}, "start_too_late", "#/start_from_epoch"),
        (
            {"start_from_epoch": 10, "patience": 3, "max_epochs": 10},
            "start_too_late",
            "#/start_from_epoch",
        ),
        ({"min_delta": 0.001}, "min_delta_may_hide_best", "#/min_delta"),
        ({"min_delta": -0.001, "patience": 3}, "min_delta_may_hide_best", "#/min_delta"),
        ({"batch_size": ROWS + 1}, "batch_exceeds_rows", "#/batch_size"),
        (schedule("constant", warmup_steps=190), "warmup_too_long", "#/schedule/warmup_steps"),
        (schedule("warmup_cosine", warmup_steps=190), "warmup_too_long", "#/schedule/warmup_steps"),
        (schedule("step", step_size=190), "schedule_too_long", "#/schedule/step_size"),
        (
            schedule("multistep", milestones=[90, 1000], warmup_steps=100),
            "schedule_too_long",
            "#/schedule/milestones",
        ),
        ({"penalty": "l1", "lambda_": ROWS}, "lambda_too_large", "#/lambda"),
        ({"penalty": "l2", "lambda_": 10 * ROWS, "optimizer": SLOW}, "lambda_too_large", "#/lambda"),
        ({"penalty": "elastic_net", "lambda_": 2 * ROWS}, "lambda_too_large", "#/lambda"),
        (of_layer(name="l1", **{"lambda": ROWS}), "lambda_too_large", LAYER),
        ({"penalty": "l2", "lambda_": 5e-5}, "lambda_too_small", "#/lambda"),
        ({"penalty": "elastic_net", "lambda_": 1e-4}, "lambda_too_small", "#/lambda"),
        (of_layer(name="l2", **{"lambda": 5e-5}), "lambda_too_small", LAYER),
        (
            {"penalty": "l2", "lambda_": 3 * ROWS, "optimizer": {"name": "sgd", "learning_rate": 1}},
            "unstable_penalty",
            "#/lambda",
        ),
        (
            {
                "penalty": "l2",
                "lambda_": 1.5 * ROWS,
                "optimizer": {"name": "sgd", "learning_rate": 1, "momentum": 0.9, "nesterov": True},
            },
            "unstable_penalty",
            "#/lambda",
        ),
    ],
)
def test_is_said_where_it_belongs(fields: dict[str, Any], code: str, pointer: str) -> None:
    assert warnings(**fields) == [(code, pointer)]


@pytest.mark.parametrize(
    "fields",
    [
        {"patience": 9, "max_epochs": 10},
        {"patience": 5, "start_from_epoch": 4, "max_epochs": 10},
        {"start_from_epoch": 9, "max_epochs": 10},
        {"batch_size": ROWS},
        schedule("constant", warmup_steps=189),
        schedule("step", step_size=189),
        schedule("multistep", milestones=[89, 1000], warmup_steps=100),
        {"penalty": "l1", "lambda_": 0.99 * ROWS},
        {"penalty": "l2", "lambda_": 9.9 * ROWS, "optimizer": SLOW},
        {"penalty": "l2", "lambda_": 1e-4},
        {"penalty": "l2", "lambda_": 2 * ROWS, "optimizer": {"name": "sgd", "learning_rate": 1}},
        {
            "penalty": "l2",
            "lambda_": 3 * ROWS,
            "optimizer": {"name": "sgd", "learning_rate": 1, "momentum": 0.9},
        },
        {"penalty": "l2", "lambda_": 9 * ROWS, "optimizer": {"name": "adam", "learning_rate": 1}},
        {
            "penalty": "l2",
            "lambda_": 9 * ROWS,
            "clip_norm": 1,
            "optimizer": {"name": "sgd", "learning_rate": 1},
        },
        {"penalty": "l1", "lambda_": 5 * ROWS, "scaling": "none"},
        of_layer(name="l1"),
        {"architecture": [5, {"units": 5, "penalty": "none"}]},
    ],
)
def test_is_not_said_of_what_is_useful(fields: dict[str, Any]) -> None:
    assert warnings(**fields) == []


def test_targets_in_their_own_units_have_no_strongest_penalty() -> None:
    strong: dict[str, Any] = {"penalty": "l1", "lambda_": ROWS}
    assert warnings(DIABETES, **strong) == [("lambda_too_large", "#/lambda")]
    assert warnings(DIABETES, **strong, target_scaling="none") == []


def test_another_tools_number_is_judged_as_what_it_means() -> None:
    number: dict[str, Any] = {"penalty": "l2", "lambda_": 5e-5}
    assert warnings(**number) == [("lambda_too_small", "#/lambda")]
    assert warnings(**number, lambda_convention="keras") == []


def builtin(name: str) -> Dataset:
    dataset = datasets.describe(name)
    return load(name, dataset.version)


def full_batch(data: Dataset, **fields: Any) -> Experiment:
    rows = resolve(Experiment(), data.facts).rows.train
    strength = fields.pop("strength")
    return Experiment(
        architecture=fields.pop("architecture", []),
        batch_size=rows,
        lambda_=strength * rows,
        max_epochs=200,
        seed=1,
        precision="float64",
        **fields,
    )


@pytest.mark.parametrize("name", ["iris", "digits", "breast_cancer", "diabetes", "wine"])
def test_the_strongest_l1_leaves_no_weight(name: str) -> None:
    data = builtin(name)
    result = train(full_batch(data, penalty="l1", strength=1.0), data)
    assert not result.last.arrays["0.weight"].any()


@pytest.mark.parametrize("name", ["iris", "digits", "breast_cancer", "diabetes", "wine"])
def test_the_strongest_l2_leaves_a_network_nothing_to_say(name: str) -> None:
    data = builtin(name)
    fields: dict[str, Any] = {"architecture": [16], "optimizer": {"name": "sgd", "learning_rate": 0.05}}
    result = train(full_batch(data, penalty="l2", strength=10.0, **fields), data)
    assert abs(result.last.arrays["0.weight"]).max() < 1e-6


def test_an_unstable_penalty_grows_without_end() -> None:
    data = builtin("iris")
    fields: dict[str, Any] = {"penalty": "l2", "optimizer": {"name": "sgd", "learning_rate": 1}}
    results = {
        strength: train(full_batch(data, strength=strength, **fields), data) for strength in (1.0, 2.5)
    }
    sizes = [abs(result.last.arrays["0.weight"]).max() for result in results.values()]
    assert [warning.code for warning in results[2.5].warnings] == ["unstable_penalty"]
    assert sizes[0] < 1
    assert sizes[1] > 1e30
