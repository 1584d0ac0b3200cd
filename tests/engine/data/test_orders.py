"""A split by an order: the first rows train, the next validate, the last test."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import Column, Dataset, prepare
from engine.errors import InvalidData, InvalidSpec
from engine.spec import Experiment, SplitRows, resolve

ROWS = 50
TIMES = np.random.default_rng(4).permutation(ROWS) // 2
"""Each moment twice."""
X = np.column_stack([np.arange(ROWS), TIMES, np.arange(ROWS) % 4]).astype(float)
COLUMNS = [Column(), Column(), Column(levels=4)]
DATA = Dataset(
    X,
    np.arange(ROWS) % 2,
    "binary",
    2,
    columns=COLUMNS,
    names=["row", "time", "kind"],
    order=-np.arange(ROWS),
    order_name="day",
    scaling="none",
)


def parts(data: Dataset = DATA, **split: Any) -> tuple[list[int], ...]:
    """The row numbers of training, validation and test."""
    found = resolve(Experiment.from_document({"split": {"by": "order", **split}}), data.facts)
    splits = prepare(data, found)
    assert found.rows == SplitRows(len(splits.train), len(splits.validation), len(splits.test))
    return tuple(part.x[:, 0].astype(int).tolist() for part in (splits.train, splits.validation, splits.test))


def in_order(values: NDArray[Any]) -> list[int]:
    """Row numbers by value, then as they are stored."""
    return sorted(range(ROWS), key=lambda row: (values[row], row))


@pytest.mark.parametrize(
    ("column", "values"), [("row", X[:, 0]), ("time", TIMES), ("day", -X[:, 0]), (None, -X[:, 0])]
)
def test_parts_follow_each_other(column: str | None, values: NDArray[Any]) -> None:
    train, validation, test = parts(column=column, validation=0.25, test=0.1)
    assert train + validation + test == in_order(values)
    assert (len(validation), len(test)) == (13, 5)


def test_without_any_column_the_order_is_the_stored_one() -> None:
    plain = Dataset(X, DATA.y, "binary", 2, columns=COLUMNS, scaling="none")
    assert [row for part in parts(plain) for row in part] == list(range(ROWS))
    assert plain.facts.order_columns == ()


def test_own_test_rows_are_kept_and_the_last_rows_validate() -> None:
    own = Dataset(X, DATA.y, "binary", 2, x_test=X[:3], y_test=DATA.y[:3], scaling="none")
    assert parts(own) == (list(range(40)), list(range(40, 50)), [0, 1, 2])


def test_fewer_training_rows_are_a_sample_of_all_that_train() -> None:
    (all_, *held_out), (few, *rest), (fewer, *_) = (
        parts(column="time", train_rows=rows) for rows in (None, 12, 6)
    )
    assert rest == held_out
    assert few[:6] == fewer
    assert set(few) <= set(all_)
    assert few != all_[:12]
    assert sum(row % 2 for row in few) in {5, 6, 7}


def test_what_nothing_is_ordered_by_is_named() -> None:
    for column in ("kind", "tme"):
        with pytest.raises(InvalidSpec) as caught:
            parts(column=column)
        (problem,) = caught.value.problems
        assert problem.path == ("split", "column")
        assert '"day", "row", "time"' in problem.message
    assert "time" in problem.message.rpartition("order")[2]


@pytest.mark.parametrize(
    ("split", "path"),
    [
        ({"by": "order", "stratify": True}, ("split", "stratify")),
        ({"column": "time"}, ("split", "column")),
        ({"by": "dataset", "column": "time"}, ("split", "column")),
        ({"by": "order", "column": ""}, ("split", "column")),
        ({"by": "order", "column": 3}, ("split", "column")),
    ],
)
def test_what_does_not_go_with_an_order_is_refused(split: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolve(Experiment.from_document({"split": split}), DATA.facts)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_an_order_that_is_not_used_is_warned_of() -> None:
    assert "order_unused" in [warning.code for warning in resolve(Experiment(), DATA.facts).warnings]


@pytest.mark.parametrize("order", [np.zeros(ROWS - 1), np.full(ROWS, np.nan), np.full(ROWS, "a")])
def test_a_bad_order_is_refused(order: NDArray[Any]) -> None:
    with pytest.raises(InvalidData, match="order"):
        Dataset(X, DATA.y, "binary", 2, order=order)
