"""Every sentence that a verdict can be, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.sweeps.statistics.differences import Difference, paired, unpaired
from service.sweeps.statistics.sentences import Measure, Statement, sentence

ACCURACY = Measure("points of validation accuracy", 100.0)
LOSS = Measure("in validation loss")
TOLD = Statement(
    first="λ = 3 (L2)",
    second="no penalty",
    settings=2,
    close=1,
    difference=Difference(0.019, 0.01, 0.003, 5, 6, is_paired=True),
    level=0.95,
    measure=ACCURACY,
    resample="both",
    validation_rows=359,
    rows=1437,
)
CLOSE = replace(TOLD, close=2, difference=Difference(0.002, 0.01, 0.003, 5, 6, is_paired=True))
UNPAIRED = Difference(0.002, 0.01, 0.003, 8.5, 5, is_paired=False)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            TOLD,
            (
                "λ = 3 (L2) beats no penalty by 1.90 points of validation accuracy "
                "(95 % interval 1.13 to 2.67, 6 paired splits, 1 look)."
            ),
        ),
        (
            replace(TOLD, settings=7, level=1 - 0.1 / 6, looks=3),
            (
                "λ = 3 (L2) beats each of 6 others; the closest, no penalty, by 1.9 points of validation accuracy "
                "(98.4 % interval 0.8 to 3.0, 6 paired splits, 3 looks)."
            ),
        ),
        (
            replace(TOLD, resample="seeds"),
            (
                "On these 359 validation rows, over new seeds only: λ = 3 (L2) beats no penalty by 1.90 points of "
                "validation accuracy (95 % interval 1.13 to 2.67, 6 paired seeds, 1 look)."
            ),
        ),
        (
            replace(TOLD, measure=LOSS, resample="kfold"),
            (
                "λ = 3 (L2) beats no penalty by 0.0190 in validation loss "
                "(95 % interval 0.0113 to 0.0267, 6 paired folds, 1 look)."
            ),
        ),
        (
            replace(CLOSE, replicates_needed=30),
            (
                "Can't tell λ = 3 (L2) from no penalty with 6 paired splits: the difference is 0.20 points of "
                "validation accuracy (−0.57 to 0.97). About 30 pairs would tell a difference of this size."
            ),
        ),
        (
            replace(CLOSE, settings=9, close=4, rows_needed=7000),
            (
                "Can't tell λ = 3 (L2) from no penalty and 2 others with 6 paired splits: the difference from no "
                "penalty is 0.20 points of validation accuracy (−0.57 to 0.97). No number of replicates on these 1,437 "
                "rows would; about 7,000 rows would."
            ),
        ),
        (
            CLOSE,
            (
                "Can't tell λ = 3 (L2) from no penalty with 6 paired splits: the difference is 0.20 points of "
                "validation accuracy (−0.57 to 0.97). No number of replicates on these 1,437 rows would; nor would 100 "
                "times as many rows."
            ),
        ),
        (
            replace(CLOSE, difference=UNPAIRED, replicates_needed=40),
            (
                "Can't tell λ = 3 (L2) from no penalty with at least 5 unpaired splits each: the difference is 0.20 "
                "points of validation accuracy (−0.48 to 0.88). About 40 replicates of each "
                "would tell a difference of this size."
            ),
        ),
        (
            replace(CLOSE, difference=paired([0.25, 0.25, 0.25], 0.25)),
            (
                "λ = 3 (L2) is better than no penalty by exactly 25 points of validation accuracy in all 3 paired "
                "splits; without variation there is no interval."
            ),
        ),
        (
            replace(CLOSE, difference=paired([0.0, 0.0], 0.25)),
            "λ = 3 (L2) and no penalty are equal in both paired splits.",
        ),
        (
            replace(CLOSE, difference=paired([0.004], 0.25)),
            (
                "Can't tell λ = 3 (L2) from no penalty: one pair of replicates shows a difference of 0.4 points "
                "of validation accuracy, and no interval. Train at least 2 replicates of each."
            ),
        ),
        (
            replace(CLOSE, difference=unpaired([0.5, 0.5, 0.5], [0.25], 0, 0)),
            (
                "Can't tell λ = 3 (L2) from no penalty: their means differ by 25 points of validation accuracy, but "
                "one replicate of a setting gives no interval. Train at least 2 replicates of each."
            ),
        ),
        (
            replace(CLOSE, difference=unpaired([0.5, 0.5, 0.5], [0.25, 0.25], 0, 0)),
            (
                "λ = 3 (L2) is better than no penalty by 25 points of validation accuracy in every replicate; without "
                "variation there is no interval."
            ),
        ),
        (
            replace(CLOSE, difference=TOLD.difference),
            (
                "λ = 3 (L2) scores better than no penalty by 1.90 points of validation accuracy (1.13 to 2.67, "
                "6 paired splits), but cannot win, since some of its replicates ended without a score."
            ),
        ),
        (
            replace(CLOSE, first="monitor = val_loss", difference=paired([0.0, 0.0], 0.25)),
            "monitor = val_loss and no penalty are equal in both paired splits.",
        ),
        (
            replace(CLOSE, difference=None),
            "Can't tell λ = 3 (L2) from no penalty: no replicate of both has ended.",
        ),
    ],
)
def test_sentences(told: Statement, expected: str) -> None:
    assert sentence(told) == expected
