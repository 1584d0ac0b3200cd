"""Families of comparisons: Holm against statsmodels, the set that cannot be told from the best by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.sweeps.statistics.differences import Difference, paired
from service.sweeps.statistics.families import (
    Candidate,
    holm,
    not_told_from_best,
    simplest,
    winner_tail,
)

PEER = json.loads(Path(__file__).with_name("peer_figures.json").read_text())
SCORES = ([0.90, 0.91, 0.92, 0.93], [0.89, 0.91, 0.92, 0.92], [0.70, 0.72, 0.71, 0.74])


def over(j: int, i: int) -> Difference:
    return paired([a - b for a, b in zip(SCORES[j], SCORES[i], strict=True)], overlap=0.1)


def test_holm_is_that_of_statsmodels() -> None:
    for given, adjusted in PEER["holm"]:
        assert holm(given) == pytest.approx(adjusted, rel=1e-12)


def test_a_setting_leaves_only_if_another_one_beats_it() -> None:
    left, beaten = not_told_from_best(3, over, lambda _j, _i: True, winner_tail(0.05, 3))
    assert left == [0, 1]
    assert set(beaten) == {2}


def test_a_setting_with_failures_beats_none_without() -> None:
    left, _ = not_told_from_best(3, over, lambda j, _i: j == 2, winner_tail(0.05, 3))
    assert left == [0, 1, 2]


def test_two_settings_are_told_apart_by_the_two_sided_interval() -> None:
    tail = winner_tail(0.05, 2)
    for shift in range(0, 200, 5):
        found = paired([shift / 1000 + each for each in (-0.05, 0.01, 0.04, 0.09)], overlap=0.1)
        low, _ = found.interval(0.95) or (0.0, 0.0)
        assert (found.p_better() <= tail) == (low >= 0)
    assert winner_tail(0.05, 11) == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("candidates", "estimates", "expected"),
    [
        ([("l2", 1, 50, 100), ("l2", 3, 50, 100), ("l2", 9, 50, 100)], [0, 0.5, 2], (1, "lambda")),
        (
            [("l2", 1, 50, 100), ("l1", 1, 20, 100), ("none", 0, 90, 100)],
            [0, 0.5, 0.5],
            (1, "nonzero_weights"),
        ),
        ([("none", 0, 90, 200), ("none", 0, 90, 100)], [0, 0.5], (0, None)),
        ([("l2", 1, 50, 200), ("l1", 1, 50, 100)], [0, 0.5], (1, "parameters")),
        ([("l2", 1, 50, 100), ("l1", 9, 20, 100)], [0, 1.5], (0, None)),
    ],
)
def test_the_simplest_within_one_standard_error(
    candidates: list[tuple[str, float, float, int]],
    estimates: list[float],
    expected: tuple[int, str | None],
) -> None:
    behind = [
        Difference(each, 1.0, standard_error=1.0, freedom=3, pairs=4, is_paired=True) for each in estimates
    ]
    assert simplest(0, [Candidate(*each) for each in candidates], behind) == expected
