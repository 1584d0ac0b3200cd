"""Verdicts on scores at the limits of numbers, and on families without a clear order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from service.sweeps.comparisons.groups import Group, Replicate
from service.sweeps.comparisons.verdict import Verdict, judge


def group(label: str, scores: Sequence[float | None], first_seed: int = 0) -> Group:
    replicates = [
        Replicate(
            id=f"{label}{seed}",
            spec={"seed": seed, "split": {"seed": seed}, "penalty": "l2", "lambda": 0.5},
            status="failed" if score is None else "succeeded",
            task="classification",
            dataset="d",
            dataset_version="v",
            rows_train=80,
            rows_validation=20,
            parameters=10,
            zero_fraction=0.0,
            epochs=1,
            score=score,
        )
        for seed, score in enumerate(scores, first_seed)
    ]
    scored = {each.pair: each.score for each in replicates if each.score is not None}
    return Group(replicates, label, scored)


def judged(*groups: Group) -> Verdict:
    return judge(groups, "val_loss", "splits", None)


def test_rounding_of_differences_is_no_variation() -> None:
    """0.95 − 0.9, 0.9 − 0.85 and 0.85 − 0.8 differ in their last bit, which is no evidence."""
    verdict = judged(group("A", [0.95, 0.9, 0.85]), group("B", [0.9, 0.85, 0.8]))
    assert (verdict.outcome, verdict.close) == ("cannot_tell", [0, 1])
    assert verdict.sentence.startswith("A is better than B by exactly 0.05 in validation loss")
    assert judged(group("A", [1.0, 2.0]), group("B", [1.0 + 2**-52, 2.0])).sentence.startswith(
        "A and B are equal"
    )


@pytest.mark.parametrize("factor", [2.0**-1000, 2.0**990])
@pytest.mark.parametrize("first_seed", [0, 10], ids=["paired", "unpaired"])
def test_a_verdict_does_not_depend_on_the_unit(factor: float, first_seed: int) -> None:
    scores = [1.0, 2.0, 3.5], [2.0, 3.25, 4.0]
    plain = judged(group("A", scores[0]), group("B", scores[1], first_seed)).closest
    scaled = judged(
        group("A", [factor * each for each in scores[0]]),
        group("B", [factor * each for each in scores[1]], first_seed),
    ).closest
    assert plain is not None
    assert scaled is not None
    assert scaled.difference.standard_error == plain.difference.standard_error * factor
    assert scaled.difference.p() == plain.difference.p()
    assert all(map(math.isfinite, scaled.difference.interval(0.95) or (math.nan,)))


def test_a_setting_that_is_ahead_and_failed_is_said_to_be_barred() -> None:
    verdict = judged(group("A", [3.0, 3.1, 3.3, None]), group("B", [1.0, 1.2, 1.25, 1.3]))
    assert (verdict.outcome, verdict.close) == ("cannot_tell", [0, 1])
    assert "but cannot win, since some of its replicates ended without a score" in verdict.sentence


def test_a_winner_beats_every_other_group_itself() -> None:
    """A beats B and B beats C, but A shares only two pairs with C, too few to beat it."""
    verdict = judged(
        group("A", [3.0, 3.1, 3.25, 3.05]),
        group("B", [2.0, 2.15, 2.25, 2.1, 2.2, 2.3]),
        group("C", [1.7, 0.7, 1.1, 1.15], 2),
    )
    assert (verdict.best, verdict.close) == (0, [0])
    assert verdict.outcome == "cannot_tell"
    assert verdict.sentence.startswith("Can't tell A from C with 2 paired splits")


def test_several_groups_without_a_score_are_named() -> None:
    lacking = [group(name, [None]) for name in "ABCD"]
    assert judged(*lacking[:2]).sentence == "Can't tell: A and B have no experiment that ended with a score."
    assert judged(*lacking).sentence == (
        "Can't tell: A, B, C and 1 other have no experiment that ended with a score."
    )
