"""Who makes room for whom, and when: the rules, without a database."""

from service.execution.dispatching.cohorts import Dispatch
from service.execution.dispatching.turns import HALF_LIFE_SECONDS, Turns

TURN_SECONDS = 300.0


def live(*owners: str) -> list[Dispatch]:
    """One dispatch for each group of owners, a letter each."""
    return [Dispatch(f"dispatch-{number}", None, 4, list(each)) for number, each in enumerate(owners)]


def seen(seconds: int, dispatches: list[Dispatch], turn_seconds: float | None = TURN_SECONDS) -> Turns:
    """What a dispatcher knows that has looked for so long, every second."""
    turns = Turns(turn_seconds)
    for now in range(seconds + 1):
        turns.observe(float(now), dispatches)
    return turns


def test_use_is_shared_by_the_lanes_of_a_stack_and_forgotten_by_halves() -> None:
    turns = seen(60, live("aab", "a"))
    assert abs(turns.used()["a"] - 100) <= 4
    assert abs(turns.used()["b"] - 20) <= 2
    for now in range(61, 61 + int(HALF_LIFE_SECONDS)):
        turns.observe(float(now), [])
    assert abs(turns.used()["a"] - 50) <= 2
    turns.observe(1e6, live("b"))
    # Nobody has seen who trained in between.
    assert turns.used()["b"] <= 12


def test_nobody_makes_room_before_the_end_of_a_turn_or_where_turns_are_off() -> None:
    busy = live("a", "a")
    assert seen(299, busy).ask(299.0, ["b"], busy) is None
    assert seen(300, busy).ask(300.0, ["b"], busy) is not None
    assert seen(300, busy, None).ask(300.0, ["b"], busy) is None


def test_one_makes_room_for_each_owner_that_waits() -> None:
    busy = live("a", "a", "a")
    turns = seen(300, busy)
    first = turns.ask(300.0, ["b"], busy)
    assert first is not None
    assert turns.ask(301.0, ["b"], busy) is None
    second = turns.ask(301.0, ["b", "c"], busy)
    assert second not in {first, None}
    # It goes back at the end of an epoch; until then it counts as asked.
    turns.observe(302.0, busy)
    assert turns.ask(302.0, ["b", "c"], busy) is None


def test_only_who_has_used_more_than_the_one_that_waits_makes_room() -> None:
    busy = live("a", "b")
    turns = seen(400, busy)
    assert turns.ask(400.0, ["a", "b"], busy) is None
    # A stack in which somebody rides who has used little is left alone.
    busy = live("ac")
    turns = seen(400, busy)
    assert turns.ask(400.0, ["a"], busy) is None
    assert turns.ask(400.0, ["d"], busy) == "dispatch-0"


def test_an_owner_at_its_limit_needs_no_room() -> None:
    busy = [*live("a"), Dispatch("dispatch-b", None, 4, ["b"])]
    turns = Turns(TURN_SECONDS)
    for now in range(400):
        turns.observe(float(now), busy[:1] if now < 390 else busy)
    assert turns.ask(400.0, ["b"], busy, most_running=1) is None
    assert turns.ask(400.0, ["b"], busy, most_running=2) == "dispatch-0"
