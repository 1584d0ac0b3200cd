"""Intervals and tests of a difference: against SciPy, and against figures worked by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from service.sweeps.statistics.differences import Difference, paired, replicates_needed, rows_needed, unpaired
from service.sweeps.statistics.student_t import quantile

PEER = json.loads(Path(__file__).with_name("peer_figures.json").read_text())


def test_without_overlap_a_paired_difference_is_scipys_one_sample_t() -> None:
    case = PEER["paired"]
    found = paired(case["differences"], overlap=0)
    assert found.p() == pytest.approx(case["p"], rel=1e-10)
    assert found.interval(0.95) == pytest.approx(case["interval"], rel=1e-10)


def test_without_overlap_an_unpaired_difference_is_scipys_welch() -> None:
    case = PEER["welch"]
    found = unpaired(case["first"], case["second"], 0, 0)
    assert found.freedom == pytest.approx(case["freedom"], rel=1e-12)
    assert found.p() == pytest.approx(case["p"], rel=1e-10)
    assert found.interval(0.95) == pytest.approx(case["interval"], rel=1e-10)


def test_overlapping_training_sets_widen_the_interval_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, s = 1. With n₂/n₁ = 1/4, c = 1/3 + 1/4 = 7/12; t(0.975; 2) = 4.302652729911275.
    found = paired([1.0, 2.0, 3.0], overlap=0.25)
    assert found.estimate == 2
    assert found.standard_error == pytest.approx(math.sqrt(7 / 12), rel=1e-15)
    half = 4.302652729911275 * math.sqrt(7 / 12)
    assert found.interval(0.95) == pytest.approx((2 - half, 2 + half), rel=1e-10)


def test_each_unpaired_group_has_its_own_correction_by_hand() -> None:
    # Scores 1, 3 (s² = 2, c = 1/2 + 1/2 = 1) and 0, 0, 3 (s² = 3, c = 1/3): v = 2 and 1, df = 9 / (4/1 + 1/2) = 2.
    found = unpaired([1.0, 3.0], [0.0, 0.0, 3.0], 0.5, 0.0)
    assert found.estimate == 1
    assert found.standard_error == pytest.approx(math.sqrt(3), rel=1e-15)
    assert found.freedom == pytest.approx(2, rel=1e-15)


def test_interval_and_p_never_disagree() -> None:
    for shift in range(-30, 31):
        found = paired([0.1 * shift + each for each in (-0.5, 0.1, 0.4, 0.9)], overlap=0.25)
        for alpha in (0.05, 0.01):
            low, high = found.interval(1 - alpha) or (0.0, 0.0)
            p = found.p()
            assert p is not None
            assert (p < alpha) == (low > 0 or high < 0)


@pytest.mark.parametrize("values", [[0.3], [0.3, 0.3, 0.3], [0.0, 0.0]])
def test_what_does_not_vary_has_neither_interval_nor_p(values: list[float]) -> None:
    found = paired(values, overlap=0.25)
    assert (found.estimate, found.interval(0.95), found.p(), found.p_better()) == (values[0], None, None, 1)


def test_replicates_needed_is_the_smallest_number_that_tells() -> None:
    def tells(pairs: int) -> bool:
        needed = quantile(0.025, pairs - 1) + quantile(0.2, pairs - 1)
        return needed * math.sqrt(1 / pairs + 0.01) <= 0.5

    count = replicates_needed(0.5, 1.0, 0.01, alpha=0.05)
    assert count is not None
    assert tells(count)
    assert not tells(count - 1)


def test_no_number_of_replicates_gets_below_the_overlap() -> None:
    # (1.96 + 0.84) · √0.25 = 1.4 is more than the difference, however many pairs there are.
    assert replicates_needed(1.0, 1.0, 0.25, alpha=0.05) is None
    assert replicates_needed(0.0, 1.0, 0.0, alpha=0.05) is None
    assert rows_needed(100, 1.0, 1.0, 0.25) == 196
    assert rows_needed(100, 0.1, 1.0, 0.25) is None
    assert rows_needed(100, 1.0, 1.0, 0.0) is None


def test_one_replicate_of_a_group_tests_nothing() -> None:
    found = unpaired([1.0], [0.5, 0.7], 0.25, 0.25)
    assert isinstance(found, Difference)
    assert (found.freedom, found.p()) == (0, None)
