"""Settings that do nothing, or not what they seem to: schedules, weights, seeds and noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.spec import DatasetFacts, Experiment, SpecWarning, resolve
from engine.spec.schedules import SCHEDULES
from tests.engine.spec.advised import DIGITS, NORMALIZED, long, rate, warnings

OWN = replace(DIGITS, validation_rows=100, test_rows=100)
"""1,900 steps of 600 training rows, or 1,000 rows and two parts of the data set's own."""


def only(facts: DatasetFacts = DIGITS, **fields: Any) -> SpecWarning:
    (warning,) = resolve(Experiment(**fields), facts).warnings
    return warning


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        (long("cosine", period=1901), "schedule_too_long", "#/schedule/period"),
        (long("multistep", milestones=[*range(10, 17)]), "schedule_ends_early", "#/schedule/milestones"),
        (long("inverse_time", decay=1e6), "schedule_ends_early", "#/schedule/decay"),
        (long("polynomial", power=40), "schedule_ends_early", "#/schedule/power"),
        (long("exponential", gamma=1 - 1e-9), "schedule_without_effect", "#/schedule/gamma"),
        (long("inverse_time", decay=1e-9), "schedule_without_effect", "#/schedule/decay"),
        (long("polynomial", power=1e-9), "schedule_without_effect", "#/schedule/power"),
        (long("plateau", factor=1 - 1e-9), "schedule_without_effect", "#/schedule/factor"),
        ({"patience": 1, **long("plateau", patience=0)}, "plateau_after_stopping", "#/schedule/patience"),
        ({"max_epochs": 2, **long("plateau", patience=0)}, "schedule_too_long", "#/schedule/patience"),
        (rate("rmsprop", 0.01, momentum=0.999), "learning_rate_too_large", "#/optimizer/learning_rate"),
        (
            {"class_weight": {str(each): 2 for each in range(10)}},
            "class_weight_without_effect",
            "#/class_weight",
        ),
        (
            {"label_noise": 0.0005, "split": {"train_rows": 100}},
            "label_noise_without_effect",
            "#/label_noise",
        ),
        ({"split": {"by": "order", "seed": 3}}, "split_seed_without_effect", "#/split/seed"),
        (
            {"max_epochs": 1, "batch_size": 600, "schedule": "exponential"},
            "schedule_without_effect",
            "#/schedule",
        ),
        (
            {"architecture": [8, 8], "init": {"name": "per_layer", "layers": ["auto", "zeros", "auto"]}},
            "zero_hidden_weights",
            "#/init/layers/1",
        ),
    ],
)
def test_is_said_once_and_where_it_belongs(given: dict[str, Any], code: str, pointer: str) -> None:
    assert warnings(**given) == [(code, pointer)]


@pytest.mark.parametrize(
    "given",
    [
        long("cosine", period=1900),
        long("cosine", period=50),
        long("multistep", milestones=[10, 20, 30, 1000]),
        long("inverse_time", decay=10),
        long("polynomial", power=10),
        long("exponential", gamma=0.9999),
        long("plateau", factor=0.99),
        {"patience": 2, **long("plateau", patience=0)},
        rate("rmsprop", 0.01, momentum=0.9),
        {"class_weight": {str(each): 2 for each in range(9)}},
        {"label_noise": 0.001, "split": {"train_rows": 100}},
        {"split": {"by": "order", "seed": 3, "train_rows": 100}},
        {"split": {"by": "order", "seed": 3}, "label_noise": 0.1},
        {"split": {"seed": 3}},
        {"architecture": [{"units": 1, "dropout": 0.4}]},
        {"architecture": [{"units": 8, "dropout": 0.9}]},
    ],
)
def test_is_not_said_of_what_has_an_effect(given: dict[str, Any]) -> None:
    assert warnings(**given) == []


def test_noise_counts_all_rows_that_train() -> None:
    """A data set's own parts are not among the rows to split."""
    assert warnings(OWN, split={"by": "dataset"}, label_noise=0.0005) == []
    assert warnings(OWN, split={"by": "dataset"}, label_noise=0.0004) == [
        ("label_noise_without_effect", "#/label_noise")
    ]


@pytest.mark.parametrize("name", sorted(SCHEDULES.parametric))
@pytest.mark.parametrize("epochs", [2, 3, 1000])
def test_a_schedule_as_it_comes_is_never_told_two_things(name: str, epochs: int) -> None:
    assert len(warnings(schedule=name, max_epochs=epochs)) <= 1


def test_a_single_training_row_is_not_told_to_take_larger_batches() -> None:
    found = warnings(architecture=NORMALIZED, split={"train_rows": 1}, batch_size=1)
    assert found == [("batch_norm_without_batches", "#/split")]


def test_numbers_of_one_are_singular() -> None:
    assert "larger than the 1 training row:" in only(split={"train_rows": 1}).message
    one = DatasetFacts(task="regression", rows=1000, features=10, classes=None)
    assert "10 features and the output are" in only(one, architecture=[10, 8, 1]).message
    assert "after 1 epoch without" in only(patience=0, **long("plateau", patience=1)).message
