"""What a finished run says of itself: that it was still improving, or is no better than one answer for every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.data import Dataset
from engine.spec import Experiment
from engine.training import Result, train

RANDOM = np.random.default_rng(5)
NOTHING = RANDOM.normal(size=(300, 4))
LABELS = (RANDOM.random(300)[:, None] > [0.2, 0.5]).sum(axis=1)
"""Three classes with shares of about 0.2, 0.3 and 0.5, of which the features say nothing."""
AMOUNTS = RANDOM.exponential(size=300) * 50
HUGE = {"name": "sgd", "learning_rate": 40}


def dataset(task: str) -> Dataset:
    if task == "regression":
        return Dataset(NOTHING, AMOUNTS, task)
    if task == "multilabel":
        return Dataset(NOTHING, np.column_stack([LABELS == 0, LABELS > 0]).astype(float), task, classes=2)
    if task == "binary":
        return Dataset(NOTHING, np.minimum(LABELS, 1), task, classes=2)
    return Dataset(NOTHING, LABELS, task, classes=3)


def run(data: Dataset, **fields: Any) -> Result:
    fields = {"architecture": [3], "seed": 1, "max_epochs": 3, **fields}
    return train(Experiment.from_document(fields), data)


def codes(result: Result) -> list[str]:
    return [warning.code for warning in result.warnings]


def shares(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.bincount(y) / len(y)


def row_loss(name: str, y: np.ndarray[Any, Any], held: np.ndarray[Any, Any]) -> float:
    """The mean loss of the best constant for y on the held-out rows, by the book; amounts in standard deviations."""
    scale = y.std()
    mean, median = abs(held - y.mean()) / scale, abs(held - np.median(y)) / scale
    if name == "squared_error":
        return float((mean**2).mean() / 2)
    if name == "mean_squared_error":
        return float((mean**2).mean())
    if name == "absolute_error":
        return float(median.mean())
    errors = (mean, median)
    return min(float(np.where(r <= 1, r**2 / 2, r - 0.5).mean()) for r in errors)


def constant_of(result: Result) -> float:
    (message,) = [each.message for each in result.warnings if each.code == "no_better_than_baseline"]
    return float(message.split("no better than the ")[1].split()[0])


def parts(data: Dataset) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Targets that train and that validate: nothing is shuffled where they are the data set's own."""
    return data.y[:200], data.y[200:]


def own_parts(task: str) -> Dataset:
    data = dataset(task)
    (y, held), x = parts(data), data.x
    return Dataset(
        x[:200], y, task, data.classes, x_validation=x[200:], y_validation=held, x_test=x[:9], y_test=y[:9]
    )


@pytest.mark.parametrize("loss", ["squared_error", "mean_squared_error", "absolute_error", "huber"])
def test_a_regression_is_held_against_the_mean_or_the_median(loss: str) -> None:
    diverges = {"name": "adam", "learning_rate": 20}
    result = run(own_parts("regression"), loss=loss, optimizer=diverges, split={"by": "dataset"})
    y, held = parts(dataset("regression"))
    assert constant_of(result) == pytest.approx(row_loss(loss, y, held), rel=1e-3)


@pytest.mark.parametrize(
    ("loss", "smoothing"), [("cross_entropy", 0), ("cross_entropy", 0.3), ("squared_error", 0)]
)
def test_classes_are_held_against_their_shares(loss: str, smoothing: float) -> None:
    fields = {"loss": loss, "label_smoothing": smoothing, "optimizer": HUGE, "split": {"by": "dataset"}}
    result = run(own_parts("multiclass"), **fields)
    y, held = parts(dataset("multiclass"))
    p = shares(y) * (1 - smoothing) + smoothing / 3
    errors = {
        "cross_entropy": -np.log(p[held]),
        "squared_error": ((np.eye(3)[held] - p) ** 2).sum(axis=1) / 2,
    }
    assert constant_of(result) == pytest.approx(errors[loss].mean(), rel=1e-3)


def test_weighted_classes_are_held_against_weighted_shares() -> None:
    fields = {
        "class_weight": {"0": 3},
        "monitor": "val_accuracy",
        "optimizer": HUGE,
        "split": {"by": "dataset"},
    }
    result = run(own_parts("multiclass"), **fields)
    y, held = parts(dataset("multiclass"))
    p = np.bincount(y) * [3, 1, 1]
    assert constant_of(result) == pytest.approx(-np.log(p[held] / p.sum()).mean(), rel=1e-3)


def test_an_accuracy_is_held_against_the_largest_class() -> None:
    result = run(own_parts("multiclass"), monitor="val_accuracy", optimizer=HUGE, split={"by": "dataset"})
    y, held = parts(dataset("multiclass"))
    assert constant_of(result) == pytest.approx((held == shares(y).argmax()).mean(), rel=1e-3)


def test_an_absolute_error_is_held_against_the_median() -> None:
    diverges = {"name": "adam", "learning_rate": 20}
    result = run(own_parts("regression"), monitor="val_mae", optimizer=diverges, split={"by": "dataset"})
    y, held = parts(dataset("regression"))
    assert constant_of(result) == pytest.approx(abs(held - np.median(y)).mean(), rel=1e-3)


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_yes_and_no_are_held_against_their_shares(task: str) -> None:
    data = own_parts(task)
    result = run(data, optimizer=HUGE, split={"by": "dataset"})
    y, held = (each.reshape(len(each), -1) for each in parts(dataset(task)))
    p = y.mean(axis=0)
    expected = -(held * np.log(p) + (1 - held) * np.log(1 - p)).sum(axis=1).mean()
    assert constant_of(result) == pytest.approx(expected, rel=1e-3)


def test_training_rows_judge_where_none_validate() -> None:
    result = run(
        dataset("regression"), optimizer={"name": "adam", "learning_rate": 20}, split={"validation": 0}
    )
    assert constant_of(result) == pytest.approx(0.5, rel=1e-3)
    assert "train_loss" in result.warnings[-1].message


RARE = (np.arange(600) < 30).astype(int)
SHIFTED = np.random.default_rng(6).normal(size=(600, 3)) + 2 * RARE[:, None]
"""Features that tell a rare class, of 5 %, from the other."""


@pytest.mark.parametrize(
    "fields",
    [
        {"class_weight": "balanced"},
        {"class_weight": {"1": 20}, "monitor": "val_accuracy"},
        {"label_smoothing": 0.4},
        {"label_smoothing": 0.4, "loss": "cross_entropy"},
    ],
)
def test_weights_and_smoothing_are_no_failure_to_learn(fields: dict[str, Any]) -> None:
    """They raise the loss and lower the accuracy of a good network, and so they do of one answer for all."""
    data = Dataset(SHIFTED, RARE, "binary", classes=2)
    assert "no_better_than_baseline" not in codes(run(data, max_epochs=30, **fields))


@pytest.mark.parametrize(("loss", "monitor"), [("squared_error", "val_loss"), ("absolute_error", "val_mae")])
def test_the_constant_has_the_weights_of_the_rows(loss: str, monitor: str) -> None:
    """A row of weight 3 counts like three rows."""
    (y, held), x, times = parts(dataset("regression")), NOTHING, np.arange(200) % 2 * 2 + 1
    own: dict[str, Any] = {"x_validation": x[200:], "y_validation": held}
    fields = {"loss": loss, "monitor": monitor, "split": {"by": "dataset"}, "target_scaling": "none"}
    diverges = {"name": "adam", "learning_rate": 100}
    weighted = Dataset(x[:200], y, "regression", weights=times.astype(float), **own)
    repeated = Dataset(np.repeat(x[:200], times, axis=0), np.repeat(y, times), "regression", **own)
    constants = [constant_of(run(each, optimizer=diverges, **fields)) for each in (weighted, repeated)]
    assert constants[0] == pytest.approx(constants[1], rel=1e-3)


LEARNS = Dataset(NOTHING, NOTHING[:, 0] * 3 + 1, "regression")
SLOWLY = {"optimizer": {"name": "sgd", "learning_rate": 0.03}, "architecture": []}


def test_nothing_is_said_of_a_network_that_learned() -> None:
    assert codes(run(LEARNS, **SLOWLY, max_epochs=500, patience=3, penalty="l2", **{"lambda": 1})) == []


def test_a_best_epoch_that_is_the_last_says_so() -> None:
    result = run(LEARNS, **SLOWLY)
    assert (codes(result), result.best_epoch) == (["still_improving"], 3)
    assert codes(run(LEARNS, **SLOWLY, max_epochs=1)) == []
    assert codes(run(LEARNS, **SLOWLY, start_from_epoch=2)) == []


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({}, "Raise max_epochs, and set patience to end the run in time."),
        ({"patience": 2}, "Raise max_epochs."),
        ({"split": {"validation": 0}}, "Only validation rows show whether more epochs help."),
    ],
)
def test_what_to_do_fits_the_run(fields: dict[str, Any], advice: str) -> None:
    (warning,) = run(LEARNS, **SLOWLY, **fields).warnings
    assert (warning.code, warning.message[-len(advice) :]) == ("still_improving", advice)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_that_may_only_be_short_is_not_called_hopeless(epochs: int) -> None:
    slow = {"optimizer": {"name": "sgd", "learning_rate": 1e-5}, "init": "large", "max_epochs": epochs}
    result = run(LEARNS, **slow)
    assert codes(result)[-1] == "no_better_than_baseline"
    assert result.warnings[-1].message.endswith("the run may need more epochs.")


def test_a_run_that_was_stopped_is_not_told_to_go_on() -> None:
    experiment = Experiment.from_document({**SLOWLY, "seed": 1, "max_epochs": 3})
    result = train(experiment, LEARNS, on_epoch=lambda report: report.epoch == 2)
    assert (codes(result), result.best_epoch) == ([], 2)
    hopeless = {"optimizer": {"name": "adam", "learning_rate": 20}, "seed": 1, "max_epochs": 2}
    data, verdict = dataset("regression"), "no_better_than_baseline"
    assert verdict in codes(run(data, **hopeless))
    experiment = Experiment.from_document({**hopeless, "architecture": [3], "max_epochs": 3})
    assert verdict not in codes(train(experiment, data, on_epoch=lambda report: report.epoch == 2))
