"""Data of any size is prepared block by block: as if it had been done at once, in little memory, and only once."""

import dataclasses
import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.data import Column, Dataset, Splits, prepare
from engine.data.preparation import Preparation
from engine.data.rows import Rows
from engine.errors import InvalidData
from engine.spec import Experiment, Resolved, resolve
from engine.spec.cost import BLOCK_VALUES

ROWS, WIDTH = 3000, 300
"""Several blocks of them."""
X = np.random.default_rng(1).integers(0, 256, (ROWS, WIDTH)).astype(np.uint8)
DATA = Dataset(X, np.arange(ROWS) % 3, "multiclass", 3)


def resolved(data: Dataset = DATA, **fields: Any) -> Resolved:
    return resolve(Experiment(**fields), data.facts)


def test_blocks_are_the_rows_in_their_order() -> None:
    index = np.random.default_rng(2).permutation(ROWS)[:2000]
    blocks = list(Rows(X, index))
    assert len(blocks) > 1
    assert all(block.size <= BLOCK_VALUES for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), X[index])
    np.testing.assert_array_equal(np.concatenate(list(Rows(X))), X)


def test_large_data_is_standardized_as_a_whole() -> None:
    x = X.astype(np.float64)
    x[:, 0] = 7
    x[:, 1] = 1e300
    splits = prepare(dataclasses.replace(DATA, x=x), resolved(precision="float64"))
    train = splits.train.x
    np.testing.assert_allclose(train[:, 2:].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(train[:, 2:].std(axis=0), 1)
    assert not train[:, :2].any()
    np.testing.assert_array_equal(splits.train.inputs[:, -1], 1)


def test_divided_features_are_exact() -> None:
    splits = prepare(DATA, resolved(scaling={"divide_by": 256}, split={"validation": 0, "test": 0}))
    assert sorted(map(tuple, splits.train.x.tolist())) == sorted(map(tuple, (X / 256).tolist()))


def test_means_and_levels_come_from_every_block() -> None:
    x = np.column_stack([np.where(np.arange(ROWS) % 2, np.nan, np.arange(ROWS)), np.arange(ROWS) // 2990, X])
    columns = [Column(missing=True), Column(levels=3), *[Column()] * WIDTH]
    data = Dataset(x, DATA.y, "multiclass", 3, columns=columns)
    splits = prepare(data, resolved(data, split={"by": "fractions", "validation": 0, "test": 0}))
    assert splits.encoding is not None
    assert splits.encoding.document[:2] == [{"missing": True, "mean": 1499.0}, {"levels": 3, "known": [0, 1]}]


def test_values_that_do_not_fit_are_found_in_the_last_block() -> None:
    x = X.astype(np.float64)
    x[-1, -1] = 1e39
    data = dataclasses.replace(DATA, x=x, scaling="none")
    with pytest.raises(InvalidData, match="float32"):
        prepare(data, resolved(data, split={"by": "fractions", "validation": 0, "test": 0}))


def test_little_is_held_beside_the_result() -> None:
    tracemalloc.start()
    try:
        splits = prepare(DATA, resolved())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - splits.size < 5 * 8 * BLOCK_VALUES


def bits(splits: Splits) -> tuple[bytes, ...]:
    parts = (splits.train, splits.validation, splits.test)
    weights = b"" if splits.train.weights is None else splits.train.weights.tobytes()
    return (*(part.inputs.tobytes() + part.targets.tobytes() for part in parts), weights)


@pytest.mark.parametrize(
    "fields",
    [
        {"split": {"seed": 1}},
        {"split": {"validation": 0.1}},
        {"split": {"train_rows": 100}},
        {"label_noise": 0.1},
        {"scaling": "none"},
        {"loss": "binary_cross_entropy", "label_smoothing": 0.2},
        {"label_smoothing": 0.1},
        {"class_weight": "balanced"},
        {"class_weight": {"0": 2}},
        {"precision": "float64"},
    ],
)
def test_what_changes_the_arrays_changes_the_preparation(fields: dict[str, Any]) -> None:
    base, other = resolved(), resolved(**fields)
    assert bits(prepare(DATA, base)) != bits(prepare(DATA, other))
    assert Preparation.of(base) != Preparation.of(other)


def test_the_scaling_of_targets_changes_the_preparation() -> None:
    data = Dataset(X, X[:, 0] * 3.0, "regression")
    found = [resolved(data, target_scaling=scaling) for scaling in ("standardize", "none")]
    assert Preparation.of(found[0]) != Preparation.of(found[1])


def test_what_leaves_the_arrays_alone_leaves_the_preparation_alone() -> None:
    other = resolved(
        seed=5, architecture=[7], optimizer="adam", penalty="l1", lambda_=1, batch_size=7, max_epochs=3
    )
    assert Preparation.of(resolved(seed=4)) == Preparation.of(other)
