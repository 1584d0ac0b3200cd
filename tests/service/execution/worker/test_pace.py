"""How often a training is stored."""

import math

from service.execution.worker.pace import FLUSH_FACTOR, FLUSH_SECONDS, MOST_ROWS, Pace


def check_next(pace: Pace, due: float) -> None:
    """The next flush is due then, and not before."""
    assert not pace.is_due(math.nextafter(due, 0), 1)
    assert pace.is_due(due, 1)


def test_the_first_epoch_is_stored_at_once() -> None:
    assert Pace().is_due(0.0, 1)


def test_quick_flushes_follow_each_other_after_the_shortest_pause() -> None:
    pace = Pace()
    for begun in (0.0, 1.0):
        pace.flushed(begun, begun + FLUSH_SECONDS / FLUSH_FACTOR / 2)
    check_next(pace, 1.0 + FLUSH_SECONDS / FLUSH_FACTOR / 2 + FLUSH_SECONDS)


def test_slow_flushes_keep_their_distance() -> None:
    pace = Pace()
    pace.flushed(0.0, 0.5)
    pace.flushed(100.0, 100.5)
    check_next(pace, 100.5 + FLUSH_FACTOR * 0.5)


def test_one_flush_that_had_to_wait_does_not_silence_the_run() -> None:
    pace = Pace()
    pace.flushed(0.0, 0.001)
    pace.flushed(10.0, 40.0)
    check_next(pace, 40.0 + FLUSH_SECONDS)


def test_many_short_epochs_do_not_wait() -> None:
    pace = Pace()
    pace.flushed(0.0, 0.5)
    pace.flushed(100.0, 100.5)
    assert pace.is_due(100.6, MOST_ROWS)
    assert not pace.is_due(100.6, MOST_ROWS - 1)


def test_whoever_joins_is_seen_at_once() -> None:
    pace = Pace()
    pace.flushed(0.0, 0.5)
    pace.flushed(100.0, 100.5)
    pace.hurry()
    assert pace.is_due(100.6, 1)
