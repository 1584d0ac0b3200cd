"""Splits, scaling, targets and the refusal of data that cannot be trained on."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine.data import Dataset, prepare
from engine.errors import InvalidData
from engine.spec import Experiment, SplitRows, resolve
from tests.engine.problems import dataset, prepared


def rows_of(splits: Any, raw: Any) -> list[list[int]]:
    """Which rows of the raw table train, validate and test, found by their first feature."""
    order = {value: row for row, value in enumerate(raw[:, 0])}
    parts = (splits.train, splits.validation, splits.test)
    return [[order[value] for value in part.x[:, 0]] for part in parts]


def test_every_row_is_in_exactly_one_part_and_their_numbers_are_the_resolved_ones() -> None:
    data = dataset("multiclass", rows=97)
    _, splits = prepared(data, scaling="none", precision="float64", split={"validation": 0.25, "test": 0.1})
    train, validation, test = rows_of(splits, data.x)
    assert sorted(train + validation + test) == list(range(97))
    assert (len(validation), len(test)) == (24, 10)


def test_stratified_parts_keep_the_share_of_every_class() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    data = Dataset(np.arange(100.0)[:, None], labels, "multiclass", 3)
    _, splits = prepared(data, split={"validation": 0.2, "test": 0.3})
    for part, size in ((splits.train, 50), (splits.validation, 20), (splits.test, 30)):
        assert np.bincount(np.asarray(part.labels)).tolist() == [0.6 * size, 0.3 * size, 0.1 * size]


def test_smaller_training_sets_are_nested_and_leave_the_other_parts_alone() -> None:
    data = dataset("multiclass", rows=90)
    found = [
        rows_of(prepared(data, scaling="none", precision="float64", split={"train_rows": rows})[1], data.x)
        for rows in (10, 30, None)
    ]
    (small, *rest), (middle, *others), (large, *_) = found
    assert middle[:10] == small
    assert large[:30] == middle
    assert rest == others


def test_the_split_depends_on_its_own_seed_alone() -> None:
    data = dataset("multiclass")
    first, again, other = (
        prepared(data, seed=seed, split={"seed": split_seed})[1]
        for seed, split_seed in ((1, 5), (2, 5), (1, 6))
    )
    np.testing.assert_array_equal(first.train.x, again.train.x)
    assert (first.train.x != other.train.x).any()


def test_label_noise_moves_exactly_its_share_of_training_labels_to_other_classes() -> None:
    data = dataset("multiclass", rows=100)
    clean, noisy = (prepared(data, label_noise=share)[1] for share in (0.0, 0.25))
    assert np.count_nonzero(clean.train.labels != noisy.train.labels) == 15
    np.testing.assert_array_equal(clean.validation.labels, noisy.validation.labels)
    np.testing.assert_array_equal(noisy.train.targets.argmax(axis=1), noisy.train.labels)


def test_features_are_standardized_on_the_training_rows_and_constant_ones_become_zero() -> None:
    data = dataset("multiclass")
    x = np.column_stack([data.x * 1e3 + 7, np.full(60, 0.1), np.full(60, 1e300)])
    _, splits = prepared(Dataset(x, data.y, "multiclass", 3), precision="float64")
    np.testing.assert_allclose(splits.train.x[:, :5].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(splits.train.x[:, :5].std(axis=0), 1)
    assert not splits.train.x[:, 5:].any()
    assert not splits.test.x[:, 5:].any()
    np.testing.assert_array_equal(splits.train.inputs[:, -1], 1)


def test_regression_targets_are_standardized_unless_told_otherwise() -> None:
    scaled, plain = (
        prepared(dataset("regression"), target_scaling=rule)[1] for rule in ("standardize", "none")
    )
    np.testing.assert_allclose(scaled.train.targets.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(
        scaled.train.targets * scaled.targets.scale + scaled.targets.mean, plain.train.targets, rtol=1e-4
    )


def test_own_test_rows_are_used_whole_and_in_order() -> None:
    data = dataset("multiclass")
    own = Dataset(data.x, data.y, "multiclass", 3, x_test=data.x[:7], y_test=data.y[:7], scaling="none")
    resolved = resolve(Experiment(seed=1, precision="float64"), own.facts)
    splits = prepare(own, resolved)
    assert resolved.rows == SplitRows(48, 12, 7)
    np.testing.assert_array_equal(splits.test.x, data.x[:7])


def own_parts() -> Dataset:
    data = dataset("multiclass")
    return Dataset(
        data.x,
        data.y,
        "multiclass",
        3,
        x_validation=data.x[3:12] + 1,
        y_validation=data.y[3:12],
        x_test=data.x[:7],
        y_test=data.y[:7],
        scaling="none",
    )


def test_a_split_by_the_dataset_takes_every_part_as_it_is_stored() -> None:
    data = own_parts()
    _, splits = prepared(data, split={"by": "dataset"}, precision="float64")
    np.testing.assert_array_equal(splits.train.x, data.x)
    np.testing.assert_array_equal(splits.validation.x, data.x_validation)
    np.testing.assert_array_equal(splits.validation.labels, data.y_validation)
    np.testing.assert_array_equal(splits.test.x, data.x_test)
    _, fewer = prepared(data, split={"by": "dataset", "train_rows": 11}, precision="float64")
    assert (len(fewer.train), len(fewer.validation), len(fewer.test)) == (11, 9, 7)


def test_a_split_by_the_dataset_has_no_validation_rows_where_none_are_stored() -> None:
    own = dataclasses.replace(own_parts(), x_validation=None, y_validation=None)
    experiment, splits = prepared(own, split={"by": "dataset"})
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (60, 0, 7)
    assert experiment.monitor == "train_loss"


def test_a_split_by_the_dataset_flips_labels_from_the_splits_seed() -> None:
    noisy = [
        prepared(own_parts(), seed=seed, label_noise=0.25, split={"by": "dataset", "seed": split_seed})[1]
        for seed, split_seed in ((1, 5), (2, 5), (1, 6))
    ]
    first, again, other = (np.asarray(splits.train.labels) for splits in noisy)
    assert np.count_nonzero(first != own_parts().y) == 15
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_smoothing_and_class_weights_touch_the_training_rows_only() -> None:
    data = dataset("multiclass")
    _, splits = prepared(data, label_smoothing=0.3, class_weight={"1": 4})
    assert np.unique(splits.train.targets).tolist() == pytest.approx([0.1, 0.8])
    assert set(np.unique(splits.validation.targets)) == {0.0, 1.0}
    np.testing.assert_array_equal(splits.train.weights, np.where(splits.train.labels == 1, 4, 1))
    assert splits.validation.weights is None


def test_balanced_weights_give_every_class_the_same_total() -> None:
    _, splits = prepared(dataset("multiclass"), class_weight="balanced", precision="float64")
    totals = np.bincount(np.asarray(splits.train.labels), splits.train.weights)
    np.testing.assert_allclose(totals, len(splits.train) / 3)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"x": np.zeros(5)}, "x"),
        ({"x": np.zeros((0, 3))}, "x"),
        ({"x": np.full((60, 5), np.nan)}, "x"),
        ({"x": np.full((60, 5), "a")}, "x"),
        ({"y": np.zeros(59, int)}, "y"),
        ({"y": np.full(60, 3)}, "y"),
        ({"y": np.full(60, 0.5)}, "y"),
        ({"y": np.full(60, -1)}, "y"),
        ({"classes": None}, "classes"),
        ({"task": "ranking"}, "task"),
        ({"x_test": np.zeros((4, 6)), "y_test": np.zeros(4, int)}, "x_test"),
        ({"x_test": np.zeros((4, 5))}, "y_test"),
        ({"task": "multilabel", "y": np.full((60, 2), 2)}, "y"),
        ({"task": "regression", "y": np.full(60, np.inf)}, "y"),
        ({"groups": np.zeros(59, int)}, "groups"),
        ({"groups": np.zeros(60)}, "groups"),
        ({"groups": np.arange(60) + 1}, "groups"),
        ({"groups": np.arange(60) * 10**12}, "groups"),
        ({"groups": np.arange(60) - 1}, "groups"),
    ],
)
def test_bad_arrays_are_named(change: dict[str, Any], field: str) -> None:
    data = dataset("multiclass")
    with pytest.raises(InvalidData) as caught:
        Dataset(**{"x": data.x, "y": data.y, "task": "multiclass", "classes": 3, **change})
    assert caught.value.field == field


def test_values_that_do_not_fit_the_precision_are_refused() -> None:
    data = Dataset(np.linspace(1e39, 2e39, 60)[:, None], np.arange(60) % 2, "binary", 2, scaling="none")
    with pytest.raises(InvalidData, match="float32"):
        prepared(data)
    assert prepared(data, precision="float64")[1].train.x.dtype == np.float64


def grouped(sizes: Sequence[int] = (30, 20, *[5] * 10)) -> Dataset:
    """Return rows in groups of these sizes, shuffled; their first feature tells which row it is."""
    count = sum(sizes)
    groups = np.random.default_rng(3).permutation(np.repeat(np.arange(len(sizes)), sizes))
    return Dataset(np.arange(count * 1.0)[:, None], groups % 2, "binary", 2, scaling="none", groups=groups)


def test_no_group_is_in_two_parts_and_their_rows_are_the_resolved_ones() -> None:
    data = grouped()
    resolved = resolve(Experiment(precision="float64"), data.facts)
    parts = rows_of(prepare(data, resolved), data.x)
    assert sorted(row for part in parts for row in part) == list(range(100))
    assert resolved.rows == SplitRows(*map(len, parts)) == SplitRows(60, 20, 20)
    groups = np.asarray(data.groups)
    train, validation, test = (set(groups[part].tolist()) for part in parts)
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_fewer_training_rows_of_groups_are_nested_and_shuffled() -> None:
    data = grouped()
    few, all_ = (
        rows_of(prepared(data, precision="float64", split={"train_rows": rows})[1], data.x)
        for rows in (10, None)
    )
    assert few[0] == all_[0][:10] != sorted(few[0])
    assert few[1:] == all_[1:]


def test_groups_leave_own_test_rows_alone() -> None:
    data = dataclasses.replace(
        grouped(), x_test=np.array([[500.0], [501.0]]), y_test=np.array([0, 1], np.uint8)
    )
    resolved = resolve(Experiment(precision="float64"), data.facts)
    splits = prepare(data, resolved)
    assert splits.test.x[:, 0].tolist() == [500, 501]
    assert (resolved.rows.train, resolved.rows.validation) == (len(splits.train), len(splits.validation))


def test_rows_are_divided_as_if_there_were_no_groups_where_that_is_asked_for() -> None:
    data = grouped()
    _, torn = prepared(data, precision="float64", split={"by": "fractions"})
    _, plain = prepared(dataclasses.replace(data, groups=None), precision="float64")
    assert rows_of(torn, data.x) == rows_of(plain, data.x)
