"""Columns that do not vary on the training rows, or vary by rounding alone, are 0 everywhere."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import Dataset, Experiment, train
from engine.data import Column
from engine.spec import Split
from tests.engine.problems import prepared

TRAIN, TEST = 20, 5
ULP = np.finfo(np.float64).eps
SINGLE = np.float32(0.3)


def data(values: Any, later: Any, **fields: Any) -> Dataset:
    """Rows whose first column has these values, repeated, and whose test rows have others there."""
    random = np.random.default_rng(0)

    def part(rows: int, first: Any) -> NDArray[Any]:
        return np.column_stack([np.resize(np.array(first, np.float64), rows), random.normal(size=rows)])

    labels = np.arange(TRAIN) % 2
    x, other = part(TRAIN, values), part(TEST, later)
    return Dataset(x, labels, "binary", 2, x_test=other, y_test=labels[:TEST], **fields)


NO_SPLIT = {"by": "dataset"}

CONSTANT = {
    "equal": [7.0],
    "zero": [0.0, -0.0],
    "an ulp": [0.3, 0.1 + 0.2],
    "an ulp of float32": [float(SINGLE), float(np.nextafter(SINGLE, np.float32(1)))],
    "huge": [1e300, 1e300 * (1 + ULP)],
    "tiny": [1e-300, 1e-300 * (1 + ULP)],
    "negative": [-0.3, -0.1 - 0.2],
    "means of rounded numbers": [np.mean([0.1] * n) for n in (3, 7, 10, 49)],
}


@pytest.mark.parametrize("name", CONSTANT)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_column_that_does_not_vary_is_0_also_where_later_rows_differ(name: str, precision: str) -> None:
    _, splits = prepared(data(CONSTANT[name], [780.0, -1e30]), split=NO_SPLIT, precision=precision)
    assert not splits.train.x[:, 0].any()
    assert not splits.test.x[:, 0].any()
    exported = (780.0 - splits.features.mean[0]) / splits.features.scale[0]
    assert abs(exported) < 1e-8, "an exported model gets next to nothing from it, too"


VARYING = {
    "integers next to each other": [2.0**40, 2.0**40 + 1],
    "large sums of money": [1_000_000.25, 1_000_000.75],
    "small": [1e-300, 2e-300],
    "subnormal": [1e-310, 3e-310],
    "huge": [-1.7e308, 1.7e308],
    "more than some ulps": [0.3, 0.3 * (1 + 20 * ULP)],
}


@pytest.mark.parametrize("name", VARYING)
def test_a_column_that_varies_little_is_standardized(name: str) -> None:
    _, splits = prepared(data(VARYING[name], [0.0]), split=NO_SPLIT, precision="float64")
    np.testing.assert_allclose(np.abs(splits.train.x[:, 0]), 1, rtol=0.3)


def test_missing_numbers_of_a_column_that_does_not_vary_become_the_number_itself() -> None:
    x = data([0.1], [0.1]).x
    x[::3, 0] = np.nan
    table = Dataset(x, np.arange(TRAIN) % 2, "binary", 2, columns=[Column(missing=True), Column()])
    _, splits = prepared(table, split={"validation": 0, "test": 0})
    assert splits.encoding is not None
    assert splits.encoding.document[0] == {"missing": True, "mean": 0.1}
    assert not splits.train.x[:, 0].any()


def test_fixed_scalings_take_columns_as_they_are() -> None:
    _, splits = prepared(data([512.0], [256.0]), split=NO_SPLIT, scaling={"divide_by": 256})
    assert set(splits.train.x[:, 0]) == {2.0}
    assert set(splits.test.x[:, 0]) == {1.0}


@pytest.mark.parametrize("values", [[5.0], [0.3, 0.1 + 0.2], [1e300, 1e300 * (1 + ULP)], [0.0]])
def test_targets_that_do_not_vary_are_0_and_have_no_r2(values: list[float]) -> None:
    table = data([1.0, 2.0], [1.0])
    targets = np.resize(np.array(values), TRAIN)
    same = Dataset(table.x, targets, "regression", x_test=table.x[:TEST], y_test=targets[:TEST])
    result = train(Experiment(seed=1, max_epochs=1, init="zeros", split=Split(validation=0)), same)
    assert result.test == {"loss": 0.0, "r2": None, "mae": 0.0, "rmse": 0.0}
    _, splits = prepared(same, split=NO_SPLIT)
    assert not splits.train.targets.any()


def test_later_targets_keep_their_distance_from_those_that_do_not_vary() -> None:
    table = data([1.0, 2.0], [1.0])
    later = np.linspace(90.0, 110.0, TEST)
    lone = Dataset(table.x, np.full(TRAIN, 100.0), "regression", x_test=table.x[:TEST], y_test=later)
    _, splits = prepared(lone, split=NO_SPLIT, precision="float64")
    scaling = splits.targets
    np.testing.assert_allclose(splits.test.targets[:, 0] * scaling.scale + scaling.mean, later)
    np.testing.assert_allclose(splits.test.targets[:, 0], [-0.1, -0.05, 0, 0.05, 0.1], atol=1e-12)
