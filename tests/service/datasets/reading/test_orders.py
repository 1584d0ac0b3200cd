"""A column that says when rows were: numbers, dates and times, kept beside the features."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tests.service.datasets.reading.reading import accepted, rejected


def table(moments: list[str]) -> str:
    """A file with these moments, with rows enough to be learned from."""
    rows = (f'{place},"{moment}",{"ab"[place % 2]}' for place, moment in enumerate(moments))
    return "\n".join(["a,when,y", *rows])


SAME: dict[str, list[str]] = {
    "days": ["2024-01-31", "2024-02-01", "2023-12-31", "2024-01-31"],
    "slashes": ["2024/1/31", "2024/2/1", "2023/12/31", "2024/1/31"],
    "points": ["31.1.2024", "1.2.2024", "31.12.2023", "31.01.2024"],
    "day first": ["31/01/2024", "01/02/2024", "31/12/2023", "31/01/2024"],
    "month first": ["01/31/2024", "02/01/2024", "12/31/2023", "01/31/2024"],
    "months": ["2024-02", "2024-03", "2024-01", "2024-02"],
    "times": ["2024-01-31 12:00", "2024-01-31 12:00:00.5", "2024-01-31T11:59:59Z", "2024-01-31 12:00"],
    "zones": ["2024-01-31T12:00+02:00", "2024-01-31T10:30Z", "2024-01-31T00:00-01:00", "2024-01-31T10:00Z"],
    "halves": ["1/31/2024 11:00 AM", "1/31/2024 1:00 PM", "1/31/2024 12:30 AM", "1/31/2024 11:00:00 am"],
    "numbers": ["7", "7.5", "-3", "7"],
}


@pytest.mark.parametrize("name", SAME)
def test_moments_are_ordered_by_time(name: str) -> None:
    found = accepted(table(SAME[name]), order="when")
    order = found.arrays["order"]
    assert order.dtype == np.float64
    assert np.argsort(order, kind="stable").tolist() == [2, 0, 3, 1]
    assert order[0] == order[3]
    assert [column.name for column in found.columns] == ["a"]
    assert (found.order, found.options.order) == ("when", "when")
    assert found.dataset.facts.order_columns == ("when", "a")


def test_seconds_are_counted() -> None:
    order = accepted(
        table(["2024-03-01 00:00", "2024-02-28 23:59:59.25", "1999-12-31 24:00", "2000-01-01"]), order=1
    )
    first, second, third, fourth = order.arrays["order"]
    assert first - second == 86_400 + 0.75
    assert third == fourth


@pytest.mark.parametrize(
    ("moments", "row", "found", "advice"),
    [
        (["2024-01-31", "", "2024-02-01", "2024-02-02"], 3, "nothing", "Give every row"),
        (["2024-01-31", "soon", "2024-02-01", "2024-02-02"], 3, '"soon"', "Give every row"),
        (["2024-01-31", "2024-02-30", "2024-02-01", "2024-02-02"], 3, '"2024-02-30"', "Give every row"),
        (["01/02/2024", "02/03/2024", "03/04/2024", "04/05/2024"], 2, '"01/02/2024"', "cannot be told apart"),
        (["31/01/2024", "01/31/2024", "03/04/2024", "04/05/2024"], 2, '"31/01/2024"', "cannot be told apart"),
        (
            ["2024-01-31 25:00", "2024-01-31", "2024-01-31", "2024-01-31"],
            2,
            '"2024-01-31 25:00"',
            "Give every row",
        ),
        (["inf", "1", "2", "3"], 2, "inf", "Give every row"),
    ],
)
def test_a_row_without_its_moment_is_named(moments: list[str], row: int, found: str, advice: str) -> None:
    refused = rejected(table(moments), order="when")
    assert (refused.reasons[0].row, refused.reasons[0].column, refused.reasons[0].found) == (
        row,
        "when",
        found,
    )
    assert advice in refused.advice


def test_rows_kept_for_validation_have_no_place_in_the_order() -> None:
    parts = ["train", "train", "test", "train", "validation", "train"]
    rows = "".join(f"{row},2024-01-0{9 - row},{part},{row % 2}\n" for row, part in enumerate(parts))
    found = accepted("a,when,part,y\n" + rows, order="when", split="part")
    assert np.diff(found.arrays["order"]).tolist() == [-86_400, -2 * 86_400, -2 * 86_400]


def test_an_array_gives_the_order() -> None:
    def archive(order: Any) -> bytes:
        stream = io.BytesIO()
        np.savez(stream, x=np.eye(4), y=np.arange(4) % 2, order=order)
        return stream.getvalue()

    found = accepted(archive(np.array([3, 1, 2, 0])))
    assert (found.order, found.arrays["order"].tolist()) == ("order", [3, 1, 2, 0])
    assert rejected(archive(np.array([3, 1, np.nan, 0]))).reasons[0].column == "order"
    assert rejected(archive(np.arange(3))).reasons[0].column == "order"


def test_dates_that_are_no_feature_are_told_what_they_may_be() -> None:
    assert "order" in rejected(table(SAME["days"])).reasons[0].expected
