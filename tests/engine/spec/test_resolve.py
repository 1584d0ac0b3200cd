"""Resolving leaves no "auto", counts rows and parameters, and refuses what the data rules out."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import InvalidSpec
from engine.spec import (
    Adam,
    DatasetFacts,
    Experiment,
    PerLayer,
    SplitRows,
    resolve,
    to_document,
    variant_name,
)

DIGITS = DatasetFacts(task="multiclass", rows=1797, features=64, classes=10)
PAIR = DatasetFacts(task="binary", rows=569, features=30, classes=2)
DIABETES = DatasetFacts(task="regression", rows=442, features=10, classes=None)
MNIST = DatasetFacts(task="multiclass", rows=1000, features=784, classes=10, test_rows=2000)
GIVEN = {"name": "given", "checkpoint": "one"}
CLINIC = DatasetFacts(
    task="binary", rows=100, features=4, classes=2, group_sizes=(40, 10, 10, 10, 10, 10, 5, 5)
)
TWO_GROUPS = DatasetFacts(task="binary", rows=100, features=4, classes=2, group_sizes=(60, 40))
TAGS = DatasetFacts(task="multilabel", rows=100, features=4, classes=3, outputs=3)


def experiment(**fields: Any) -> Experiment:
    return Experiment(**fields)


@pytest.mark.parametrize(
    ("facts", "loss", "expected"),
    [
        (DIGITS, "auto", ("cross_entropy", "softmax", 10)),
        (DIGITS, "binary_cross_entropy", ("binary_cross_entropy", "sigmoid", 10)),
        (DIGITS, "squared_error", ("squared_error", "sigmoid", 10)),
        (PAIR, "auto", ("binary_cross_entropy", "sigmoid", 1)),
        (PAIR, "cross_entropy", ("cross_entropy", "softmax", 2)),
        (PAIR, "squared_error", ("squared_error", "sigmoid", 1)),
        (TAGS, "auto", ("binary_cross_entropy", "sigmoid", 3)),
        (DIABETES, "auto", ("squared_error", "identity", 1)),
    ],
)
def test_the_task_decides_loss_output_and_units(
    facts: DatasetFacts, loss: str, expected: tuple[str, str, int]
) -> None:
    resolved = resolve(experiment(loss=loss), facts)
    assert (variant_name(resolved.experiment.loss), resolved.experiment.output, resolved.outputs) == expected


@pytest.mark.parametrize("facts", [DIGITS, PAIR, DIABETES, MNIST, TAGS, CLINIC])
def test_nothing_stays_auto_and_resolving_again_changes_nothing(facts: DatasetFacts) -> None:
    resolved = resolve(experiment(architecture=[8, {"units": 4, "activation": "tanh"}]), facts)
    document = to_document(resolved.experiment)
    assert "auto" not in str(document)
    assert resolve(Experiment.from_document(document), facts) == resolved


def test_initialization_follows_each_layers_activation() -> None:
    resolved = resolve(experiment(architecture=[8, {"units": 4, "activation": "tanh"}]), DIGITS).experiment
    assert [layer.init for layer in resolved.architecture] == ["he_normal", "glorot_uniform"]
    assert resolved.init == PerLayer(layers=("he_normal", "glorot_uniform", "glorot_uniform"))


@pytest.mark.parametrize(
    ("architecture", "init", "expected"),
    [
        ([], "auto", "glorot_uniform"),
        ([8], "glorot_normal", "glorot_normal"),
        ([{"units": 8, "activation": "tanh"}], "auto", "glorot_uniform"),
        ([{"units": 8, "init": "zeros"}, 4], "large", PerLayer(layers=("zeros", "large", "large"))),
        ([8], PerLayer(layers=("auto", "zeros")), PerLayer(layers=("he_normal", "zeros"))),
        ([{"units": 8, "init": "zeros"}], PerLayer(layers=("zeros", "zeros")), "zeros"),
        ([{"units": 8, "init": "zeros"}], PerLayer(layers=("auto", "zeros")), "zeros"),
    ],
)
def test_init_is_what_each_layer_got(architecture: Any, init: Any, expected: Any) -> None:
    resolved = resolve(experiment(architecture=architecture, init=init), DIGITS).experiment
    each = expected.layers[:-1] if isinstance(expected, PerLayer) else (expected,) * len(architecture)
    assert (resolved.init, tuple(layer.init for layer in resolved.architecture)) == (expected, each)
    again = resolve(Experiment.from_document(to_document(resolved)), DIGITS).experiment
    assert again == resolved


def test_an_optimizer_that_is_named_keeps_its_own_defaults() -> None:
    assert Experiment().optimizer == Adam(learning_rate=0.005)
    for name, rate in (("adam", 0.001), ("sgd", 0.1)):
        stored = to_document(resolve(experiment(optimizer=name), DIGITS).experiment)
        assert stored["optimizer"]["learning_rate"] == rate
        assert to_document(resolve(Experiment.from_document(stored), DIGITS).experiment) == stored


def test_a_stored_experiment_whose_init_was_the_output_layers_means_the_same() -> None:
    stored = experiment(architecture=[{"units": 8, "init": "he_normal"}], init="glorot_uniform")
    fresh = resolve(experiment(architecture=[8]), DIGITS).experiment
    assert resolve(stored, DIGITS).experiment == fresh


@pytest.mark.parametrize(
    ("facts", "split", "rows"),
    [
        (DIGITS, {}, SplitRows(1079, 359, 359)),
        (MNIST, {}, SplitRows(800, 200, 2000)),
        (MNIST, {"validation": 0, "test": None}, SplitRows(1000, 0, 2000)),
        (MNIST, {"validation": 0.85}, SplitRows(150, 850, 2000)),
        (DIABETES, {"validation": 0.125, "test": 0.125, "train_rows": 50}, SplitRows(50, 55, 55)),
        (CLINIC, {}, SplitRows(60, 20, 20)),
        (CLINIC, {"by": "groups", "train_rows": 7}, SplitRows(7, 20, 20)),
        (CLINIC, {"by": "fractions", "validation": 0.15}, SplitRows(65, 15, 20)),
        (TWO_GROUPS, {"test": 0, "seed": 1}, SplitRows(40, 60, 0)),
    ],
)
def test_rows_are_fractions_of_all_rows_rounded_half_up(
    facts: DatasetFacts, split: dict[str, Any], rows: SplitRows
) -> None:
    assert resolve(experiment(split=split), facts).rows == rows


def test_parameters_count_weights_and_biases() -> None:
    assert resolve(experiment(architecture=[30]), MNIST).parameters == 784 * 30 + 30 + 30 * 10 + 10
    assert resolve(experiment(architecture=[]), PAIR).parameters == 31


def test_without_validation_rows_the_training_loss_is_monitored() -> None:
    assert resolve(experiment(split={"validation": 0}), DIGITS).experiment.monitor == "train_loss"


@pytest.mark.parametrize(
    ("facts", "fields", "pointer"),
    [
        (DIABETES, {"loss": "cross_entropy"}, "#/loss"),
        (DIABETES, {"label_noise": 0.1}, "#/label_noise"),
        (DIABETES, {"split": {"stratify": True}}, "#/split/stratify"),
        (DIABETES, {"monitor": "val_accuracy"}, "#/monitor"),
        (DIGITS, {"monitor": "val_r2"}, "#/monitor"),
        (DIGITS, {"monitor": "val_loss", "split": {"validation": 0}}, "#/monitor"),
        (DIGITS, {"split": {"test": None}}, "#/split/test"),
        (DIGITS, {"split": {"by": "dataset"}}, "#/split/by"),
        (DIGITS, {"split": {"by": "groups"}}, "#/split/by"),
        (CLINIC, {"split": {"stratify": True}}, "#/split/stratify"),
        (CLINIC, {"split": {"by": "groups", "train_rows": 61}}, "#/split/train_rows"),
        (TWO_GROUPS, {}, "#/split"),
        (MNIST, {"split": {"by": "dataset"}, "monitor": "val_loss"}, "#/monitor"),
        (MNIST, {"split": {"by": "dataset", "train_rows": 1001}}, "#/split/train_rows"),
        (DIGITS, {"init": GIVEN, "bias_init": "zeros"}, "#/bias_init"),
        (DIGITS, {"init": {"name": "per_layer", "layers": ["zeros"]}}, "#/init/layers"),
        (
            DIGITS,
            {
                "architecture": [{"units": 8, "init": "zeros"}],
                "init": {"name": "per_layer", "layers": ["large", "large"]},
            },
            "#/architecture/0/init",
        ),
        (
            DIGITS,
            {"init": GIVEN, "architecture": [3, {"units": 4, "init": "zeros"}]},
            "#/architecture/1/init",
        ),
        (DIGITS, {"split": {"train_rows": 1080}}, "#/split/train_rows"),
        (DIGITS, {"split": {"validation": 0.5, "test": 0.5}}, "#/split"),
        (DIGITS, {"split": {"validation": 0.9, "test": 0.9}}, "#/split"),
        (DIGITS, {"output": "identity"}, "#/output"),
        (DIGITS, {"architecture": [65_536, 65_536]}, "#/architecture"),
        (
            DatasetFacts(task="regression", rows=1, features=1, classes=None),
            {"split": {"validation": 0.6}},
            "#/split",
        ),
    ],
)
def test_what_the_data_rules_out_is_refused(
    facts: DatasetFacts, fields: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolve(experiment(**fields), facts)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


@pytest.mark.parametrize(
    ("facts", "fields", "code"),
    [
        (DIGITS, {"lambda_": 1}, "lambda_without_penalty"),
        (DIGITS, {"penalty": "l2"}, "penalty_without_lambda"),
        (DIGITS, {"patience": 100, "max_epochs": 100}, "patience_too_long"),
        (DIGITS, {"batch_size": 2000}, "batch_exceeds_rows"),
        (MNIST, {"split": {"test": 0.5}}, "own_test_rows"),
        (CLINIC, {"split": {"by": "fractions"}}, "groups_in_several_parts"),
    ],
)
def test_what_is_allowed_and_probably_not_meant_is_said(
    facts: DatasetFacts, fields: dict[str, Any], code: str
) -> None:
    resolved = resolve(experiment(**fields), facts)
    assert [warning.code for warning in resolved.warnings] == [code]
