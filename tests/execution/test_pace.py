"""How often a training is stored."""

from service.execution.pace import FLUSH_FACTOR, FLUSH_SECONDS, Pace


def test_quick_flushes_follow_each_other_after_the_shortest_pause() -> None:
    pace = Pace()
    for begun in (0.0, 1.0):
        pace.flushed(begun, begun + FLUSH_SECONDS / FLUSH_FACTOR / 2)
    assert pace.next_flush == 1.0 + FLUSH_SECONDS / FLUSH_FACTOR / 2 + FLUSH_SECONDS


def test_slow_flushes_keep_their_distance() -> None:
    pace = Pace()
    pace.flushed(0.0, 0.5)
    pace.flushed(100.0, 100.5)
    assert pace.next_flush == 100.5 + FLUSH_FACTOR * 0.5


def test_one_flush_that_had_to_wait_does_not_silence_the_run() -> None:
    pace = Pace()
    pace.flushed(0.0, 0.001)
    pace.flushed(10.0, 40.0)
    assert pace.next_flush == 40.0 + FLUSH_SECONDS
