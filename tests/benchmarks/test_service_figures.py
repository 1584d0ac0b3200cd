"""The service's figures say of every target whether it was reached, whichever way it points."""

from pathlib import Path

import pytest

from benchmarks.service.figures import Figure, kept, lines, percentile


@pytest.mark.parametrize(
    ("value", "target", "at_least", "reached"),
    [(1.03, 1.03, False, True), (1.04, 1.03, False, False), (9, 10, True, False), (10, 10, True, True)],
)
def test_a_target_is_a_limit_from_above_or_below(
    value: float, target: float, at_least: bool, reached: bool
) -> None:
    assert Figure("it", value, "ms", target, at_least).reached is reached


def test_a_row_says_target_value_and_verdict() -> None:
    assert Figure("GETs", 1234.5, "/s", 1000, at_least=True, note="how").cells() == [
        "GETs",
        "≥ 1,000 /s",
        "1,234 /s ✓",
        "how",
    ]
    assert Figure("it", 2.345, "s").cells() == ["it", "", "2.35 s", ""]


def test_what_was_missed_is_named() -> None:
    found = lines([Figure("good", 1, "s", 2), Figure("bad", 3, "s", 2), Figure("told", 3, "s")])
    assert found[-2] == "1 of 2 targets reached; not: bad."


def test_a_percentile_is_a_value_that_so_many_do_not_exceed() -> None:
    hundred = list(range(100, 0, -1))
    assert [percentile(hundred, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([7], 1) == 7


def test_parts_of_several_runs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.json"
    kept(path, {"one": [Figure("a", 1, "s")], "two": [Figure("b", 2, "s", 3)]})
    assert kept(path, {"one": [Figure("c", 4, "ms")]}) == {
        "one": [Figure("c", 4, "ms")],
        "two": [Figure("b", 2, "s", 3)],
    }
