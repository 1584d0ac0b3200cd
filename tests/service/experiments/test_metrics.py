"""Thinning a curve, choosing columns, writing CSV."""

import csv
import io
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidParameter
from service.experiments.metrics import (
    METRICS,
    Curve,
    as_csv,
    as_json,
    metric_names,
    of_epoch,
    select_names,
    thinned,
)
from service.experiments.models import EpochRow

VALUES = st.none() | st.floats(allow_nan=False)


def test_knows_every_column_of_the_curve() -> None:
    columns = [column.name for column in EpochRow.__table__.columns]
    assert columns == ["experiment_id", "epoch", *METRICS, "non_finite"]


def test_a_task_has_its_own_scores_only() -> None:
    classification, regression = metric_names(classification=True), metric_names(classification=False)
    assert set(METRICS) - set(classification) == {"train_r2", "val_r2", "train_mae", "val_mae"}
    assert set(METRICS) - set(regression) == {"train_accuracy", "val_accuracy"}


def test_shows_of_an_epoch_what_the_task_has_and_what_was_not_finite() -> None:
    stored = {"train_loss": 1.0, "train_r2": None, "penalty": None, "seconds": 2.0, "non_finite": ["penalty"]}
    assert of_epoch(stored, metric_names(classification=True)) == {
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
    with pytest.raises(InvalidParameter, match="it has: train_loss, val_loss") as caught:
        select_names([names], metric_names(classification=True))
    assert (caught.value.parameter, caught.value.code) == ("names", "choice")


def test_leads_to_the_right_metric() -> None:
    with pytest.raises(InvalidParameter, match='Did you mean "val_loss"'):
        select_names(["val_los"], METRICS)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=300), st.integers(2, 40))
def test_thinning_keeps_ends_order_and_rows_together(rows: list[tuple[Any, Any]], most: int) -> None:
    curve = {
        "epoch": list(range(5, 5 + len(rows))),
        "train_loss": [row[0] for row in rows],
        "val_loss": [row[1] for row in rows],
    }
    thin = thinned(curve, most)
    assert len(thin["epoch"]) == min(most, len(rows))
    assert list(thin["epoch"]) == sorted(set(thin["epoch"]))  # type: ignore[type-var]  # epochs are integers
    assert (thin["epoch"][0], thin["epoch"][-1]) == (5, 4 + len(rows))
    for epoch, train_loss, val_loss in zip(*thin.values(), strict=True):
        assert (train_loss, val_loss) == rows[int(str(epoch)) - 5]


def test_thinning_keeps_every_extreme_that_finds_room() -> None:
    count = 1000
    spike = [0.0] * count
    spike[333], spike[777] = 9.0, -9.0
    dip: list[object] = [1.0] * count
    dip[100], dip[101] = None, 0.5
    curve: Curve = {"epoch": list(range(count)), "a": spike, "b": dip}
    thin = thinned(curve, 8)
    assert {0, 333, 777, 101, 999} <= set(thin["epoch"])
    assert len(thin["epoch"]) == 8


def test_thinning_spreads_the_rest_evenly() -> None:
    epochs = list(range(1001))
    kept = thinned({"epoch": epochs}, 11)["epoch"]
    gaps = [int(str(later)) - int(str(earlier)) for earlier, later in itertools.pairwise(kept)]
    assert max(gaps) <= 112


def test_few_points_stay_as_they_are() -> None:
    curve: Curve = {"epoch": [1, 2], "loss": [0.5, 0.25]}
    assert thinned(curve, 2) is curve


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
