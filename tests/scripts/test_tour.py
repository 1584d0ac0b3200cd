"""The README's numbers come from the tour: it must not claim what its own runs do not show."""

import dataclasses
from typing import Any

import pytest

from scripts.tour import ACCURATE, CHAPTERS, GLOROT, L1, L2, LAST, PATIENT, PLAIN, Run, Story, claims, table

PLAIN_RUN = Run(
    epochs=400,
    best_epoch=15,
    highest_train_accuracy=1.0,
    last_train_accuracy=1.0,
    lowest_val_loss=1.2,
    last_val_loss=1.8,
    test_loss=1.6,
    test_accuracy=0.74,
    zero_fraction=0.0,
)
Changes = dict[str, dict[str, Any]]
CHANGES: Changes = {
    PLAIN: {},
    LAST: {"test_loss": 2.3, "test_accuracy": 0.77},
    ACCURATE: {},
    PATIENT: {"epochs": 25},
    L2: {"test_accuracy": 0.82},
    L1: {"zero_fraction": 0.48},
    GLOROT: {"test_loss": 1.0},
}


def story(changes: Changes | None = None) -> Story:
    """One run per chapter and seed; ``changes`` says what is different for the last seed."""
    told = {chapter: [dataclasses.replace(PLAIN_RUN, **CHANGES[chapter])] * 3 for chapter in CHAPTERS}
    for chapter, change in (changes or {}).items():
        told[chapter][-1] = dataclasses.replace(told[chapter][-1], **change)
    return told


def test_every_claim_holds_where_the_story_is_as_told() -> None:
    assert all(all(claim.holds) for claim in claims(story()))


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (0, {PLAIN: {"highest_train_accuracy": 0.99875}}),
        (1, {PLAIN: {"last_val_loss": 1.2}}),
        (1, {LAST: {"test_loss": 1.5}}),
        (2, {LAST: {"test_accuracy": 0.74}}),
        (3, {PATIENT: {"best_epoch": 14}}),
        (4, {L2: {"test_accuracy": 0.74}}),
        (4, {LAST: {"test_accuracy": 0.83}}),
        (5, {L1: {"zero_fraction": 0.0}}),
        (5, {L2: {"zero_fraction": 0.1}}),
        (6, {GLOROT: {"test_loss": 1.7}}),
    ],
)
def test_a_claim_that_fails_for_one_seed_says_so(number: int, changes: Changes) -> None:
    claim = claims(story(changes))[number]
    assert claim.holds == (True, True, False)
    assert claim.line().endswith("(2 of 3 seeds)")


def test_the_table_has_one_row_a_chapter() -> None:
    lines = table(story())
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == list(CHAPTERS)
    assert lines[-2].endswith("| 400 | 15 | 100.0 % | 1.20 | 1.80 | 1.60 | 74.0 % | 48.0 % |")
