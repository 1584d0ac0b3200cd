"""Warnings about what is allowed and probably not meant: each where it belongs, none anywhere else."""

from __future__ import annotations

from typing import Any

import pytest

from engine.data import Dataset
from engine.spec import DatasetFacts, Experiment, resolve
from engine.training import train
from service.datasets import service as datasets
from service.datasets.catalog import names
from service.datasets.loading import load
from tests.engine.spec.advised import NORMALIZED, long, rate, warnings

DIABETES = DatasetFacts(task="regression", rows=1000, features=10, classes=None)
ROWS = 600
"""Training rows of both: 19 steps an epoch with the default batch of 32."""


def of_layer(**penalty: Any) -> dict[str, Any]:
    return {"architecture": [5, {"units": 5, "penalty": penalty}]}


def schedule(name: str, **parameters: Any) -> dict[str, Any]:
    return {"max_epochs": 10, "schedule": {"name": name, **parameters}}


SLOW = {"name": "sgd", "learning_rate": 0.01}
LAYER = "#/architecture/1/penalty/lambda"
PLATEAU = {"name": "plateau", "patience": 5}


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
        ({"patience": 5, "schedule": PLATEAU}, "plateau_after_stopping", "#/schedule/patience"),
        (
            {"patience": 2, "start_from_epoch": 3, "schedule": PLATEAU},
            "plateau_after_stopping",
            "#/schedule/patience",
        ),
        (schedule("plateau", patience=9), "schedule_too_long", "#/schedule/patience"),
        (
            {"patience": 5, **long("constant", warmup_steps=6 * 19)},
            "patience_shorter_than_warmup",
            "#/patience",
        ),
        ({"patience": 10, **long("one_cycle")}, "patience_shorter_than_warmup", "#/patience"),
        ({"baseline": 0.3}, "baseline_without_patience", "#/baseline"),
        (
            {"patience": 5, "monitor": "val_accuracy", "baseline": 1},
            "baseline_out_of_reach",
            "#/baseline",
        ),
        ({"patience": 5, "baseline": 0}, "baseline_out_of_reach", "#/baseline"),
        (
            {"patience": 5, "monitor": "val_accuracy", "baseline": -0.5},
            "baseline_without_effect",
            "#/baseline",
        ),
        (
            {"patience": 5, "split": {"validation": 0}},
            "patience_without_validation",
            "#/monitor",
        ),
        ({"monitor": "val_accuracy", "min_delta": 1}, "min_delta_too_large", "#/min_delta"),
        ({"penalty": "l2", "lambda_": 1, "l1_ratio": 0.9}, "l1_ratio_without_elastic_net", "#/l1_ratio"),
        ({"l1_ratio": 0.0}, "l1_ratio_without_elastic_net", "#/l1_ratio"),
        (
            {"penalty": "l2", "lambda_": 1, "l1_update": "subgradient"},
            "l1_update_without_l1",
            "#/l1_update",
        ),
        (
            {"penalty": "elastic_net", "lambda_": 1, "l1_ratio": 0, "l1_update": "subgradient"},
            "l1_update_without_l1",
            "#/l1_update",
        ),
        ({"architecture": NORMALIZED, "batch_size": 1}, "batch_norm_without_batches", "#/batch_size"),
        (rate("adam", 1), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (rate("adamw", 0.5, weight_decay=0), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (rate("rmsprop", 1), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (rate("adagrad", 10), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (rate("sgd", 100), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (rate("sgd", 5, momentum=0.9), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (rate("sgd", 1e-9), "learning_rate_too_small", "#/optimizer/learning_rate"),
        (rate("adam", 1e-9), "learning_rate_too_small", "#/optimizer/learning_rate"),
        (rate("adagrad", 9e-7), "learning_rate_too_small", "#/optimizer/learning_rate"),
        (rate("adamw", 0.1, weight_decay=10), "weight_decay_too_large", "#/optimizer/weight_decay"),
        (long("step", gamma=1), "schedule_without_effect", "#/schedule/gamma"),
        (long("exponential", gamma=1), "schedule_without_effect", "#/schedule/gamma"),
        (long("inverse_time", decay=0), "schedule_without_effect", "#/schedule/decay"),
        (
            {**long("cosine", min_learning_rate=0.5), **rate("sgd", 0.5)},
            "schedule_without_effect",
            "#/schedule/min_learning_rate",
        ),
        (
            {**long("plateau", min_learning_rate=0.5), **rate("sgd", 0.1)},
            "schedule_without_effect",
            "#/schedule/min_learning_rate",
        ),
        (long("exponential", gamma=0.95), "schedule_ends_early", "#/schedule/gamma"),
        (long("step", step_size=19, gamma=0.1), "schedule_ends_early", "#/schedule/gamma"),
        (long("polynomial", total_steps=950), "schedule_ends_early", "#/schedule/total_steps"),
        (long("one_cycle", total_steps=500), "schedule_ends_early", "#/schedule/total_steps"),
        (long("warmup_cosine", total_steps=100), "schedule_ends_early", "#/schedule/total_steps"),
        (long("polynomial", total_steps=1901), "schedule_too_long", "#/schedule/total_steps"),
        (long("warmup_cosine", total_steps=1901), "schedule_too_long", "#/schedule/total_steps"),
        ({"init": "zeros", "architecture": [30, 20]}, "zero_hidden_weights", "#/init"),
        (
            {"architecture": [30, {"units": 20, "activation": "tanh", "init": "zeros"}]},
            "zero_hidden_weights",
            "#/architecture/1/init",
        ),
        (
            {"architecture": [{"units": 5, "init": "he_normal"}], "init": "glorot_normal"},
            "init_reaches_output_only",
            "#/init",
        ),
        ({"architecture": [64, 30, 10]}, "layers_repeat_ends", "#/architecture"),
        ({"architecture": [], "activation": "tanh"}, "activation_without_effect", "#/activation"),
        (
            {"architecture": [{"units": 9, "activation": "relu"}], "activation": "tanh"},
            "activation_without_effect",
            "#/activation",
        ),
        ({"architecture": [{"units": 4, "dropout": 0.9}]}, "dropout_too_large", "#/architecture/0/dropout"),
        ({"input_dropout": 0.99}, "dropout_too_large", "#/input_dropout"),
        ({"clip_norm": 1e6}, "norm_without_effect", "#/clip_norm"),
        ({"max_norm": 1e9}, "norm_without_effect", "#/max_norm"),
        ({"lambda_convention": "keras"}, "convention_without_lambda", "#/lambda_convention"),
        ({"max_norm": 1e-6}, "norm_too_small", "#/max_norm"),
        ({**rate("sgd", 0.1), "clip_norm": 1e-6}, "norm_too_small", "#/clip_norm"),
        (
            {"monitor": "val_accuracy", **long("plateau", min_delta=1)},
            "min_delta_too_large",
            "#/schedule/min_delta",
        ),
        ({"label_noise": 0.9}, "label_noise_too_large", "#/label_noise"),
        ({"label_noise": 0.0005}, "label_noise_without_effect", "#/label_noise"),
        ({"class_weight": {"0": 1}}, "class_weight_without_effect", "#/class_weight"),
        ({"target_scaling": "none"}, "target_scaling_without_effect", "#/target_scaling"),
        ({"split": {"test": 0.0001}}, "part_without_rows", "#/split/test"),
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
        {"penalty": "l2", "lambda_": 9 * ROWS, "optimizer": {"name": "adam", "learning_rate": 0.4}},
        {
            "penalty": "l2",
            "lambda_": 9 * ROWS,
            "clip_norm": 1,
            "optimizer": {"name": "sgd", "learning_rate": 1},
        },
        {"penalty": "l1", "lambda_": 5 * ROWS, "scaling": "none"},
        of_layer(name="l1"),
        {"architecture": [5, {"units": 5, "penalty": "none"}]},
        {"patience": 6, "schedule": PLATEAU},
        {"patience": 3, "start_from_epoch": 3, "schedule": PLATEAU},
        schedule("plateau", patience=8),
        {"patience": 6, **long("constant", warmup_steps=6 * 19)},
        {"patience": 30, **long("one_cycle")},
        {"patience": 10, **long("cosine")},
        {"patience": 10, **long("warmup_cosine")},
        {"patience": 5, "baseline": 0.3},
        {"patience": 5, "monitor": "val_accuracy", "baseline": 0.99},
        {"split": {"validation": 0}},
        {"patience": 5, "monitor": "train_loss"},
        {"penalty": "elastic_net", "lambda_": 1, "l1_ratio": 0.9, "l1_update": "subgradient"},
        {"l1_update": "subgradient", **of_layer(name="l1", **{"lambda": 1})},
        {"architecture": NORMALIZED, "batch_size": 2},
        rate("adam", 0.1),
        rate("adagrad", 1),
        rate("sgd", 3),
        rate("sgd", 10),
        rate("sgd", 0.5, momentum=0.95),
        rate("sgd", 1e-5),
        rate("adam", 1e-6),
        {**rate("sgd", 100), "clip_norm": 0.01},
        {**rate("sgd", 100), "scaling": "none"},
        {**rate("adam", 1e-9), "init": {"name": "given", "checkpoint": "exp/best"}},
        rate("adamw", 0.01, weight_decay=1),
        *(
            long(name)
            for name in ("step", "multistep", "exponential", "inverse_time", "polynomial", "cosine")
        ),
        *(long(name) for name in ("one_cycle", "warmup_cosine", "plateau")),
        long("exponential", gamma=0.99),
        long("polynomial", total_steps=1900),
        {"init": "zeros", "architecture": []},
        {"init": "zeros", "bias_init": {"name": "normal", "std": 0.1}},
        {"init": {"name": "per_layer", "layers": ["he_normal", "zeros"]}, "architecture": [30]},
        {"architecture": [{"units": 5, "init": "he_normal"}, 5], "init": "glorot_normal"},
        {"architecture": [{"units": 5, "init": "he_normal"}], "init": "he_normal"},
        {"architecture": [64, 10]},
        {"architecture": [30, 10]},
        {"architecture": [64, 30, 20]},
        {"architecture": [40, 20, 10]},
        {"activation": "tanh"},
        {"architecture": [{"units": 9, "activation": "relu"}, 9], "activation": "tanh"},
        {"architecture": [{"units": 30, "dropout": 0.5}], "input_dropout": 0.2},
        {"clip_norm": 1, "max_norm": 3},
        {**rate("adam", 0.001), "clip_norm": 1e-6},
        {"label_noise": 0.5},
        {"label_noise": 0.001},
        {"class_weight": "balanced"},
        {"class_weight": {"0": 1, "1": 5}},
        {"split": {"test": 0}},
        {"label_smoothing": 0.1, "precision": "float64"},
    ],
)
def test_is_not_said_of_what_is_useful(fields: dict[str, Any]) -> None:
    assert warnings(**fields) == []


ONE_ROW = DatasetFacts(task="regression", rows=5, features=2, classes=None)


@pytest.mark.parametrize("monitor", ["val_r2", "val_loss"])
def test_r2_of_one_row_is_undefined_and_its_loss_is_not(monitor: str) -> None:
    found = warnings(ONE_ROW, monitor=monitor, patience=2, batch_size=3)
    assert found == [("monitor_undefined", "#/monitor")] * (monitor == "val_r2")


def test_hubers_loss_of_scaled_targets_can_be_the_squared_error() -> None:
    loss = {"name": "huber", "delta": 1000}
    assert warnings(DIABETES, loss=loss) == [("delta_without_effect", "#/loss/delta")]
    assert warnings(DIABETES, loss=loss, target_scaling="none") == []


def test_a_last_hidden_layer_of_one_unit_repeats_the_only_output() -> None:
    assert warnings(DIABETES, architecture=[32, 1]) == [("layers_repeat_ends", "#/architecture")]
    assert warnings(DIABETES, architecture=[1]) == []


def test_the_labels_of_two_classes_say_nothing_when_half_are_flipped() -> None:
    pair = DatasetFacts(task="binary", rows=1000, features=5, classes=2)
    assert warnings(pair, label_noise=0.49) == []
    assert warnings(pair, label_noise=0.5) == [("label_noise_too_large", "#/label_noise")]


def test_targets_in_their_own_units_have_no_strongest_penalty() -> None:
    strong: dict[str, Any] = {"penalty": "l1", "lambda_": ROWS}
    assert warnings(DIABETES, **strong) == [("lambda_too_large", "#/lambda")]
    assert warnings(DIABETES, **strong, target_scaling="none") == []


def test_another_tools_number_is_judged_as_what_it_means() -> None:
    number: dict[str, Any] = {"penalty": "l2", "lambda_": 5e-5}
    assert warnings(**number) == [("lambda_too_small", "#/lambda")]
    assert warnings(**number, lambda_convention="keras") == []


ORDINARY: list[dict[str, Any]] = [
    {},
    {"patience": 5},
    {"patience": 10, "schedule": {"name": "plateau", "patience": 4}},
    {"architecture": [64, 32], "penalty": "l2", "lambda_": 0.1},
    {"architecture": [30], "penalty": "l1", "lambda_": 0.5, **rate("sgd", 0.5)},
    {"architecture": []},
    {"architecture": [{"units": 32, "dropout": 0.5, "batch_norm": True}], "input_dropout": 0.1},
    {"activation": "sigmoid", "init": "large", "batch_size": 10, **rate("sgd", 3.0)},
    {"schedule": {"name": "cosine"}, "optimizer": "adamw"},
    {"clip_norm": 1.0, "max_norm": 3, **rate("sgd", 0.01, momentum=0.9)},
    {"architecture": [100, 50, 20], "init": "he_normal", "activation": "elu"},
]


@pytest.mark.parametrize("name", names())
def test_nothing_is_said_of_ordinary_experiments(name: str) -> None:
    facts = datasets.describe(name).facts
    assert [found for fields in ORDINARY if (found := warnings(facts, **fields))] == []


def builtin(name: str) -> Dataset:
    dataset = datasets.describe(name)
    return load(name, dataset.version)


def full_batch(data: Dataset, **fields: Any) -> Experiment:
    rows = resolve(Experiment(), data.facts).rows.train
    strength = fields.pop("strength")
    fields = {"optimizer": "sgd", **fields}
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
