"""The whole matrix of an experiment's life: every pair of statuses is either a step or not."""

import itertools

import pytest

from service.experiments.states import (
    ACTIONS,
    ACTIVE,
    GONE,
    STATUSES,
    TERMINAL,
    TRANSITIONS,
    after,
    can_become,
    possible,
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


# One row per action, one column per status in which it is asked for: the status it leads to, = where it changes
# nothing more, . where it is not allowed.
ACTION_MATRIX = """
        queued    dispatched running    pausing    paused    cancelling succeeded failed cancelled
cancel  cancelled cancelled  cancelling cancelling cancelled =          .         .      =
pause   paused    paused     pausing    =          =         .          .         .      .
resume  =         =          =          .          queued    .          .         .      .
delete  gone      gone       .          .          gone      .          gone      gone   gone
"""
ASKED_IN, *ACTION_ROWS = (line.split() for line in ACTION_MATRIX.strip().splitlines())
LEADS = {
    (row[0], status): {"=": status, ".": None}.get(cell, cell)
    for row in ACTION_ROWS
    for status, cell in zip(ASKED_IN, row[1:], strict=True)
}


def test_the_action_matrix_is_whole() -> None:
    assert set(ASKED_IN) == set(STATUSES)
    assert [row[0] for row in ACTION_ROWS] == list(ACTIONS)


@pytest.mark.parametrize(("action", "status"), list(itertools.product(ACTIONS, STATUSES)))
def test_every_action(action: str, status: str) -> None:
    following = LEADS[action, status]
    assert after(action, status) == following
    changes = following not in {None, status}
    assert (action in possible(status)) == changes
    if changes and following != GONE:
        assert can_become(status, str(following))
