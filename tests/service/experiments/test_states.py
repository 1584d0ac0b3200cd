"""The whole matrix of an experiment's life: every pair of statuses is either a step or not."""

import itertools

import pytest

from service.experiments.states import (
    ACTIVE,
    STATUSES,
    TERMINAL,
    TRANSITIONS,
    after_cancel,
    can_become,
)

# One row per status left, one column per status reached; x marks a step.
MATRIX = """
             queued dispatched running pausing paused cancelling succeeded failed cancelled
queued       .      x          .       .       x      .          .         .      x
dispatched   x      .          x       .       x      .          .         .      x
running      x      .          .       x       .      x          x         x      x
pausing      .      .          .       .       x      x          x         x      .
paused       x      .          .       .       .      .          .         .      x
cancelling   .      .          .       .       .      .          x         x      x
succeeded    .      .          .       .       .      .          .         .      .
failed       .      .          .       .       .      .          .         .      .
cancelled    .      .          .       .       .      .          .         .      .
"""
HEADER, *ROWS = (line.split() for line in MATRIX.strip().splitlines())
STEPS = {
    (row[0], reached) for row in ROWS for reached, mark in zip(HEADER, row[1:], strict=True) if mark == "x"
}


@pytest.mark.parametrize(("left", "reached"), list(itertools.product(STATUSES, repeat=2)))
def test_every_pair(left: str, reached: str) -> None:
    assert can_become(left, reached) == ((left, reached) in STEPS)


def test_the_matrix_is_whole() -> None:
    assert [row[0] for row in ROWS] == HEADER
    assert set(HEADER) == set(STATUSES)


def test_the_end_is_the_end() -> None:
    assert {"succeeded", "failed", "cancelled"} == TERMINAL
    assert not TERMINAL & ACTIVE


def test_every_status_can_be_reached_from_the_first_and_leads_to_an_end() -> None:
    reached, waiting = set(), ["queued"]
    while waiting:
        status = waiting.pop()
        if status not in reached:
            reached.add(status)
            waiting += TRANSITIONS[status]
    assert reached == set(STATUSES)


@pytest.mark.parametrize("status", STATUSES)
def test_cancelling_is_a_step_or_changes_nothing(status: str) -> None:
    following = after_cancel(status)
    if status in {"succeeded", "failed"}:
        assert following is None
    elif status in {"cancelling", "cancelled"}:
        assert following == status
    else:
        assert following is not None
        assert can_become(status, following)
        assert following == ("cancelling" if status in {"running", "pausing"} else "cancelled")
