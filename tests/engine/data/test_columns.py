"""Columns of numbers with gaps and of categories, and weights of rows."""

from typing import Any

import numpy as np
import pytest

from engine import Dataset, Experiment, train
from engine.data import Column, Encoding, prepare
from engine.errors import InvalidData
from engine.spec import resolve

NAN = float("nan")
COLUMNS = (Column(), Column(levels=3), Column(missing=True))
ROWS = np.array([[1.0, 0, 2.0], [2.0, 2, NAN], [3.0, 0, 6.0], [4.0, 1, NAN]])


def mixed(rows: int = 60) -> Dataset:
    """Return a table of every kind of column, whose last row alone has the last category."""
    random = np.random.default_rng(3)
    x = np.column_stack([random.normal(5, 2, rows), random.integers(0, 3, rows), random.normal(size=rows)])
    x[::7, 2] = NAN
    x[-1, 1] = 3
    y = (x[:, 0] + x[:, 1] > 6).astype(int)
    return Dataset(x, y, "binary", 2, columns=(Column(), Column(levels=4), Column(missing=True)))


def test_encodes_what_the_training_rows_know() -> None:
    encoding = Encoding.fit(COLUMNS, [ROWS[:2], ROWS[2:3]])
    assert encoding.apply(ROWS).tolist() == [
        [1, 1, 0, 0, 2, 0],
        [2, 0, 0, 1, 4, 1],
        [3, 1, 0, 0, 6, 0],
        [4, 0, 0, 0, 4, 1],
    ]
    assert encoding.numeric.tolist() == [True, False, False, False, True, False]
    assert encoding.document == [
        {"missing": False, "mean": 2.0},
        {"levels": 3, "known": [0, 2]},
        {"missing": True, "mean": 4.0},
    ]


def test_a_column_of_which_nothing_is_known_is_zero() -> None:
    encoding = Encoding.fit([Column(missing=True)], [np.array([[NAN], [NAN]])])
    assert encoding.apply(np.array([[NAN], [8.0]])).tolist() == [[0, 1], [8, 0]]


def test_scales_numbers_alone_by_the_training_rows() -> None:
    data = mixed()
    resolved = resolve(Experiment(seed=1, precision="float64"), data.facts)
    splits = prepare(data, resolved)
    assert (resolved.rows.train, splits.train.x.shape[1], data.facts.features) == (36, 7, 7)
    numbers, flags = splits.train.x[:, [0, 5]], splits.train.x[:, [1, 2, 3, 4, 6]]
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(numbers.std(axis=0), 1)
    assert set(np.unique(flags)) == {0, 1}
    gaps = flags[:, 4] == 1
    np.testing.assert_allclose(numbers[gaps, 1], 0, atol=1e-12)


def test_trains_and_says_how_a_raw_row_becomes_features() -> None:
    result: Any = train(Experiment.from_document({"seed": 1, "architecture": [8], "max_epochs": 30}), mixed())
    assert result.test["accuracy"] > 0.8
    assert result.best.document["columns"][1]["levels"] == 4
    assert result.best.arrays["0.weight"].shape == (8, 7)


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        (COLUMNS[:2], ROWS, "Must have 2 columns"),
        (COLUMNS, np.array([[NAN, 0, 1.0]]), "Column 0 must be finite"),
        (COLUMNS, np.array([[1.0, 0, np.inf]]), "Column 2 must be finite"),
        (COLUMNS, np.array([[1.0, 3, 1.0]]), "Column 1 must hold level numbers from 0 to 2"),
        (COLUMNS, np.array([[1.0, 0.5, 1.0]]), "Column 1 must hold"),
        (COLUMNS, np.array([[1.0, -1, 1.0]]), "Column 1 must hold"),
        (COLUMNS, np.array([[1.0, NAN, 1.0]]), "Column 1 must be finite"),
    ],
)
def test_refuses_what_a_column_cannot_hold(columns: Any, values: Any, message: str) -> None:
    with pytest.raises(InvalidData, match=message):
        Dataset(values, np.zeros(len(values)), "regression", columns=columns)


def test_a_weight_counts_as_so_many_rows() -> None:
    x, y = np.array([[0.0], [1.0], [1.0]]), np.array([0.0, 1.0, 1.0])
    own: dict[str, Any] = {"task": "regression", "x_validation": x, "y_validation": y}
    spec: dict[str, Any] = {
        "architecture": [],
        "split": {"by": "dataset"},
        "batch_size": 3,
        "max_epochs": 5,
        "scaling": "none",
        "target_scaling": "none",
        "init": "zeros",
        "seed": 1,
        "precision": "float64",
    }
    repeated = train(Experiment(**spec), Dataset(x, y, **own))
    weighed = Dataset(x[:2], y[:2], weights=np.array([1, 2]), **own)
    weights = train(Experiment(**spec), weighed).last.arrays["0.weight"]
    np.testing.assert_allclose(weights, repeated.last.arrays["0.weight"], rtol=1e-12)


def test_weights_of_one_size_change_nothing() -> None:
    data = mixed()
    plain = train(Experiment(seed=1, max_epochs=3), data)
    same = Dataset(data.x, data.y, "binary", 2, columns=data.columns, weights=np.full(60, 0.25))
    weighed = train(Experiment(seed=1, max_epochs=3), same)
    np.testing.assert_array_equal(plain.last.arrays["0.weight"], weighed.last.arrays["0.weight"])


@pytest.mark.parametrize("weights", [[1.0], [1.0, NAN], [1.0, -1.0], [0.0, 0.0], ["a", "b"]])
def test_refuses_weights_that_weigh_nothing(weights: Any) -> None:
    with pytest.raises(InvalidData, match="weights"):
        Dataset(np.ones((2, 1)), np.zeros(2), "regression", weights=np.array(weights))
