"""Thinning a curve, choosing columns, writing CSV."""

import csv
import io
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidParameter
from service.experiments.curve.metrics import (
    METRICS,
    Curve,
    as_csv,
    as_json,
    metric_names,
    of_epoch,
    select_names,
    spread,
)
from service.experiments.models import EpochRow

VALUES = st.none() | st.floats(allow_nan=False)


def test_knows_every_column_of_the_curve() -> None:
    columns = [column.name for column in EpochRow.__table__.columns]
    assert columns == ["experiment_id", "epoch", *METRICS, "non_finite"]


def test_a_task_has_its_own_scores_only() -> None:
    classification, regression = metric_names(regression=False), metric_names(regression=True)
    assert set(METRICS) - set(classification) == {
        f"{part}_{score}" for part in ("train", "val") for score in ("r2", "mae", "rmse")
    }
    assert set(METRICS) - set(regression) == {"train_accuracy", "val_accuracy"}


def test_shows_of_an_epoch_what_the_task_has_and_what_was_not_finite() -> None:
    stored = {"train_loss": 1.0, "train_r2": None, "penalty": None, "seconds": 2.0, "non_finite": ["penalty"]}
    assert of_epoch(stored, metric_names(regression=False)) == {
        "train_loss": 1.0,
        "penalty": None,
        "non_finite": ["penalty"],
    }


def test_selects_in_the_order_asked_for_and_once() -> None:
    assert select_names(["val_loss, train_loss,val_loss", "epoch"], METRICS) == ("val_loss", "train_loss")


def test_selects_all_unless_asked() -> None:
    assert select_names([], METRICS) == METRICS


@pytest.mark.parametrize("names", ["val_los", "", ",", "val_loss,,train_loss", "train_r2"])
def test_refuses_what_is_no_metric(names: str) -> None:
    with pytest.raises(InvalidParameter, match="allowed: train_loss, val_loss") as caught:
        select_names([names], metric_names(regression=False))
    assert (caught.value.parameter, caught.value.code) == ("names", "choice")


def test_leads_to_the_right_metric() -> None:
    with pytest.raises(InvalidParameter, match='Did you mean "val_loss"'):
        select_names(["val_los"], METRICS)


@given(st.integers(1, 300), st.lists(st.integers(0, 299)), st.integers(2, 40))
def test_spreading_keeps_ends_and_order(count: int, extremes: list[int], most: int) -> None:
    places = spread(count, [place for place in extremes if place < count], most)
    assert len(places) == min(most, count)
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (0, count - 1)


def test_spreading_keeps_every_extreme_that_finds_room() -> None:
    places = spread(1000, [333, 777, 101, 333], 8)
    assert {0, 333, 777, 101, 999} <= set(places)
    assert len(places) == 8
    assert spread(1000, [333, 777, 101], 4) == [0, 333, 777, 999]


def test_spreading_leaves_no_wide_gap() -> None:
    places = spread(1001, [], 11)
    assert max(later - earlier for earlier, later in itertools.pairwise(places)) <= 112


def test_csv_can_be_read_back() -> None:
    curve: Curve = {"epoch": [1, 2], "train_loss": [0.1 + 0.2, None], "non_finite": [[], ["train_loss"]]}
    rows = list(csv.DictReader(io.StringIO("".join(as_csv(curve)))))
    assert rows == [
        {"epoch": "1", "train_loss": "0.30000000000000004", "non_finite": "[]"},
        {"epoch": "2", "train_loss": "", "non_finite": '["train_loss"]'},
    ]


def test_csv_of_nothing_is_its_header() -> None:
    assert "".join(as_csv({"epoch": [], "train_loss": []})) == "epoch,train_loss\r\n"


@pytest.mark.parametrize("count", [0, 1, 1999, 2000, 2001, 4001])
def test_pieces_of_json_and_csv_make_the_whole(count: int) -> None:
    losses = [None if epoch == 7 else 1 / epoch for epoch in range(1, count + 1)]
    named = [["train_loss"] if loss is None else [] for loss in losses]
    curve: Curve = {"epoch": list(range(1, count + 1)), "train_loss": losses, "non_finite": named}
    assert json.loads("".join(as_json(curve))) == curve
    rows = list(csv.reader(io.StringIO("".join(as_csv(curve)))))
    assert rows[0] == list(curve)
    assert [int(row[0]) for row in rows[1:]] == curve["epoch"]
    assert [float(row[1]) if row[1] else None for row in rows[1:]] == losses


def test_a_long_curve_comes_in_pieces() -> None:
    curve: Curve = {"epoch": list(range(100_000)), "train_loss": [0.1] * 100_000}
    for pieces in (as_json(curve), as_csv(curve)):
        assert max(map(len, pieces)) < 50_000
