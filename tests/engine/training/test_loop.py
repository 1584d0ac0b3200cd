"""What a driver sees: reports, stops, results, and runs on hopeless input that end well."""

import dataclasses
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from engine import train
from engine.data import Dataset
from engine.errors import InvalidSpec
from engine.spec import Experiment, Sgd
from engine.textbook.losses import row_losses, softmax
from engine.training import LaneReport, training
from tests.engine.problems import dataset, prepared


def history(data: Dataset, **fields: Any) -> tuple[list[LaneReport], Any]:
    reports: list[LaneReport] = []
    result = train(Experiment.from_document({"seed": 3, **fields}), data, on_epoch=reports.append)
    return reports, result


def test_the_metrics_are_those_of_the_weights_at_the_epochs_end() -> None:
    data = dataset("multiclass")
    experiment, splits = prepared(
        data, architecture=[6], penalty="elastic_net", precision="float64", **{"lambda": 0.5}
    )
    report = next(training([experiment], splits)).lanes[0]
    weights = report.last().arrays
    w1, b1, w2, b2 = (weights[name] for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
    metrics, rows = report.metrics, len(splits.train)
    logits = [np.maximum(part.x @ w1.T + b1, 0) @ w2.T + b2 for part in (splits.train, splits.validation)]
    losses = [
        row_losses("cross_entropy", "softmax", z, part.targets).mean()
        for z, part in zip(logits, (splits.train, splits.validation), strict=True)
    ]
    flat = np.concatenate([w1.ravel(), w2.ravel()])
    penalty = 0.5 / rows * (0.5 * np.abs(flat).sum() + 0.25 * (flat**2).sum())
    assert [metrics.train_loss, metrics.val_loss] == pytest.approx(losses, rel=1e-9)
    assert metrics.train_accuracy == np.mean(softmax(logits[0]).argmax(axis=1) == splits.train.labels)
    assert metrics.penalty == pytest.approx(penalty, rel=1e-9)
    assert metrics.objective == pytest.approx(losses[0] + penalty, rel=1e-9)
    assert metrics.weight_norm == pytest.approx(np.linalg.norm(flat), rel=1e-9)
    assert metrics.zero_fraction == np.mean(flat == 0)
    hidden = np.maximum(splits.validation.x @ w1.T + b1, 0)
    assert metrics.dead_units == np.mean(hidden.max(axis=0) == 0)


def test_regression_scores_are_in_the_users_units() -> None:
    data = dataset("regression")
    big = Dataset(data.x, data.y * 1000 + 5, "regression")
    (one, *_), _ = history(data, max_epochs=1, precision="float64")
    (other, *_), _ = history(big, max_epochs=1, precision="float64")
    assert other.metrics.val_mae == pytest.approx(1000 * (one.metrics.val_mae or 0), rel=1e-6)
    assert other.metrics.val_rmse == pytest.approx(1000 * (one.metrics.val_rmse or 0), rel=1e-6)
    assert other.metrics.val_r2 == pytest.approx(one.metrics.val_r2, rel=1e-6)
    assert other.metrics.val_loss == pytest.approx(one.metrics.val_loss, rel=1e-6)


def test_best_weights_and_test_score_are_of_the_best_epoch() -> None:
    reports, result = history(
        dataset("multiclass"), architecture=[30], max_epochs=40, patience=5, init="large", optimizer="sgd"
    )
    losses = [report.metrics.val_loss for report in reports]
    assert result.stop_reason == "early_stopping"
    assert result.best_epoch == int(np.argmin(np.array(losses, float))) + 1
    assert result.epochs == result.best_epoch + 5
    assert result.best.document["epoch"] == result.best_epoch
    assert set(result.test) == {"loss", "accuracy"}


def test_min_delta_that_hides_a_better_epoch_is_told() -> None:
    _, result = history(dataset("multiclass"), architecture=[8], max_epochs=15, min_delta=10)
    assert result.best_epoch == 1
    assert result.argmin_epoch > 1
    codes = [warning.code for warning in result.warnings]
    assert codes[:2] == ["min_delta_may_hide_best", "min_delta_hid_best"]


def test_where_nothing_was_tracked_the_last_finite_epoch_is_best() -> None:
    _, result = history(dataset("multiclass"), architecture=[4], max_epochs=4, start_from_epoch=9)
    assert result.best_epoch == 4
    assert [warning.code for warning in result.warnings][:2] == ["start_too_late", "nothing_tracked"]


def test_another_tools_lambda_is_not_trained_with_as_it_is() -> None:
    experiment, splits = prepared(dataset("multiclass"), architecture=[4], penalty="l2")
    unresolved = dataclasses.replace(experiment, lambda_=0.1, lambda_convention="keras")
    with pytest.raises(InvalidSpec, match="Resolve the experiment"):
        next(training([unresolved], splits))


def test_a_driver_stops_lanes_and_hears_of_their_results_at_once() -> None:
    experiment, splits = prepared(dataset("multiclass"), architecture=[4], max_epochs=5)
    run = training([dataclasses.replace(experiment, seed=seed) for seed in range(3)], splits)
    next(run)
    report = run.send({1: "user", 2: "time_limit"})
    assert [lane.lane for lane in report.lanes] == [0]
    assert [(result.lane, result.stop_reason, result.epochs) for result in report.stopped] == [
        (1, "user", 1),
        (2, "time_limit", 1),
    ]
    with pytest.raises(StopIteration) as end:
        run.send({0: "user"})
    assert [result.stop_reason for result in end.value.value] == ["user", "user", "time_limit"]


def test_a_seed_is_drawn_where_none_is_given() -> None:
    data = dataset("binary")
    experiment = Experiment(architecture=(), max_epochs=1)
    runs = [train(experiment, data).last.arrays["0.weight"] for _ in range(2)]
    assert (runs[0] != runs[1]).any()


ONE_CLASS = Dataset(np.random.default_rng(0).normal(size=(30, 4)), np.zeros(30, int), "multiclass", 3)
TINY = Dataset(np.ones((1, 3)), np.zeros(1, int), "multiclass", 2)
ONE_NUMBER = Dataset(np.ones((1, 3)), np.ones(1), "regression")
CONSTANT = Dataset(np.ones((20, 3)), np.full(20, 5.0), "regression")


@pytest.mark.parametrize(
    ("data", "fields", "reason"),
    [
        (dataset("regression"), {"optimizer": {"name": "sgd", "learning_rate": 1e6}}, "non_finite"),
        (
            dataset("regression"),
            {"optimizer": {"name": "adam", "learning_rate": 1e9}, "monitor": "train_loss"},
            None,
        ),
        (ONE_CLASS, {}, "max_epochs"),
        (TINY, {"split": {"validation": 0, "test": 0}}, "max_epochs"),
        (CONSTANT, {}, "max_epochs"),
        (ONE_NUMBER, {}, "max_epochs"),
        (
            dataset("binary"),
            {
                "optimizer": {"name": "sgd", "learning_rate": 1e-40, "momentum": 0.9},
                "penalty": "l1",
                "lambda": 1.0,
            },
            "max_epochs",
        ),
        (dataset("multiclass"), {"init": "zeros", "activation": "relu"}, "max_epochs"),
        (dataset("multiclass"), {"batch_size": 100_000}, "max_epochs"),
        (dataset("binary"), {"architecture": [1], "penalty": "l1", "lambda": 1e12}, "max_epochs"),
        (dataset("binary"), {"penalty": "l2", "lambda": 1e12, "optimizer": "sgd"}, "non_finite"),
    ],
)
def test_hopeless_runs_end_with_a_result_and_without_a_warning(
    data: Dataset, fields: dict[str, Any], reason: str | None
) -> None:
    reports, result = history(data, **{"architecture": [5], "max_epochs": 30, **fields})
    assert result.stop_reason == reason or reason is None
    assert result.epochs == len(reports)
    if result.best is not None:
        assert all(np.isfinite(array).all() for array in result.best.arrays.values())


@pytest.mark.parametrize("seed", range(3))
def test_the_defaults_learn_from_features_alike_where_plain_sgd_diverges(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = random.normal(size=(2000, 1))
    skewed = np.exp(1.2 * size[:, 0]) * (1 + 0.1 * random.normal(size=2000))
    data = Dataset(size + 0.05 * random.normal(size=(2000, 24)), skewed, "regression")
    assert train(Experiment(seed=1, max_epochs=3, optimizer=Sgd()), data).stop_reason == "non_finite"
    result = train(Experiment(seed=1, max_epochs=3), data)
    assert result.stop_reason == "max_epochs"
    assert "no_better_than_baseline" not in [each.code for each in result.warnings]


def test_a_monitor_without_values_is_named_and_not_start_from_epoch() -> None:
    _, result = history(CONSTANT, max_epochs=3, monitor="val_r2", patience=1, batch_size=4)
    assert [(each.code, each.path) for each in result.warnings] == [("nothing_tracked", ("monitor",))]
    assert (result.stop_reason, result.best_epoch) == ("max_epochs", 3)


def test_a_training_loss_that_is_not_finite_ends_the_run_though_what_is_monitored_is() -> None:
    fields = {"loss": "squared_error", "output": "identity", "monitor": "val_accuracy"}
    reports, result = history(dataset("binary"), optimizer={"name": "sgd", "learning_rate": 1e6}, **fields)
    *finite, last = [bool(np.isfinite(report.metrics.train_loss)) for report in reports]
    assert (all(finite), last, result.stop_reason) == (True, False, "non_finite")
    assert np.isfinite(reports[-1].metrics.val_accuracy or 0)


@pytest.mark.parametrize(("rate", "batch", "some"), [(1.0, 100, True), (1e9, 4, False)])
def test_weights_of_an_epoch_that_is_not_finite_are_never_best(rate: float, batch: int, some: bool) -> None:
    fields = {"start_from_epoch": 500, "max_epochs": 900, "activation": "identity", "batch_size": batch}
    _, result = history(dataset("regression"), optimizer={"name": "sgd", "learning_rate": rate}, **fields)
    assert result.stop_reason == "non_finite"
    assert (result.epochs > 1) == some
    assert result.best_epoch == (result.epochs - 1 if some else None)
    assert (result.best is not None) == (result.test is not None) == some


def test_undefined_metrics_are_none() -> None:
    (report, *_), result = history(TINY, max_epochs=1, split={"validation": 0, "test": 0})
    assert report.metrics.val_loss is None
    assert report.metrics.dead_units is None
    assert result.test is None
    (report, *_), _ = history(CONSTANT, max_epochs=1)
    assert report.metrics.train_r2 is None
    assert report.metrics.train_mae == pytest.approx(0, abs=5)


def test_training_says_nothing_on_standard_error() -> None:
    code = (
        "import numpy as np; from engine import Dataset, Experiment, train\n"
        "x = np.random.default_rng(0).normal(size=(40, 3)) * 1e30\n"
        "data = Dataset(x, x[:, 0] / 1e30, 'regression', scaling='none')\n"
        "print(train(Experiment(seed=1, optimizer={'learning_rate': 1e6, 'name': 'sgd'}), data).stop_reason)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == ("non_finite", "")
