"""Who is next, and who rides along: the rules, without a database."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from service.execution.dispatching.cohorts import Dispatch, Waiting, plan
from tests.service.execution.waiting import ListedQueue, waiting

LANES = 4


def claims(
    rows: Iterable[Waiting], idle: int, live: Sequence[Dispatch] = (), most_running: int | None = None
) -> list[list[int]]:
    """The numbers of the experiments that come on board, dispatch by dispatch."""
    planned = plan(ListedQueue(rows), live, idle, most_running)
    return [[int(each.id[-4:]) for each in dispatch.boarding] for dispatch in planned]


def live(owners: str, cohort: str | None = "x", lanes: int = LANES) -> Dispatch:
    return Dispatch(f"dispatch-{owners}-{cohort}", cohort, lanes, list(owners))


def test_nothing_waits() -> None:
    assert claims([], idle=2, live=[live("a")]) == []


def test_the_oldest_come_first_where_nobody_shares_a_shape() -> None:
    rows = [waiting(number, cohort=str(number)) for number in range(4)]
    assert claims(rows, idle=2) == [[0], [1]]


def test_the_owner_that_has_used_less_comes_first_whoever_waited_longer() -> None:
    rows = [waiting(0, "monsters", cohort="y", priority=5), waiting(1, "short", cohort="z")]
    (first,) = plan(ListedQueue(rows), [], 1, used={"monsters": 90, "short": 20})
    assert first.owners == ["short"]
    # A worker of one's own counts as a minute.
    (first,) = plan(
        ListedQueue(rows), [Dispatch("dispatch-1", None, 1, ["short"])], 1, used={"monsters": 75, "short": 20}
    )
    assert first.owners == ["monsters"]


def test_a_higher_priority_comes_before_age() -> None:
    rows = [waiting(0, cohort="y"), waiting(1, cohort="z", priority=1)]
    assert claims(rows, idle=1) == [[1]]


def test_a_smaller_share_comes_before_priority() -> None:
    rows = [waiting(0, "a", "y", priority=100), waiting(1, "b", "z", priority=-100)]
    assert claims(rows, idle=1, live=[live("a", None)]) == [[1]]


def test_the_share_of_a_lane_is_its_part_of_the_stack() -> None:
    stack, alone = live("aaab", None), live("b", None)
    rows = [waiting(0, "b", "y"), waiting(1, "a", "z")]
    assert claims(rows, idle=1, live=[stack]) == [[0]]
    assert claims(rows, idle=1, live=[stack, alone]) == [[1]]


def test_those_of_one_shape_ride_together() -> None:
    assert claims([waiting(number) for number in range(3)], idle=1) == [[0, 1, 2]]


def test_a_stack_has_no_more_lanes_than_pay() -> None:
    assert claims([waiting(number) for number in range(9)], idle=1) == [[0, 1, 2, 3]]
    assert claims([waiting(number, lanes=1) for number in range(9)], idle=1) == [[0]]


def test_no_worker_stands_idle_beside_a_full_stack() -> None:
    assert claims([waiting(number) for number in range(4)], idle=2) == [[0, 2], [1, 3]]
    assert claims([waiting(number) for number in range(3)], idle=4) == [[0], [1], [2]]


def test_age_does_not_hold_riders_back() -> None:
    rows = [waiting(0), waiting(1, cohort="y"), waiting(2)]
    assert claims(rows, idle=1) == [[0, 2]]


def test_riders_pass_nobody_of_a_higher_priority() -> None:
    rows = [waiting(0, priority=1), waiting(1, cohort="y", priority=1), waiting(2)]
    assert claims(rows, idle=1) == [[0]]
    assert claims(rows, idle=2) == [[0, 2], [1]]


def test_riders_pass_nobody_of_a_smaller_share() -> None:
    rows = [waiting(0, "a"), waiting(1, "b", "y"), waiting(2, "a")]
    assert claims(rows, idle=1) == [[0]]
    assert claims(rows, idle=2) == [[0, 2], [1]]


def test_owners_share_a_stack_evenly() -> None:
    rows = [
        *(waiting(number, "a") for number in range(10)),
        *(waiting(number, "b") for number in range(10, 20)),
    ]
    assert claims(rows, idle=1) == [[0, 10, 1, 11]]


def test_what_trains_alone_has_no_company() -> None:
    rows = [waiting(0, cohort=None), waiting(1), waiting(2, cohort=None), waiting(3)]
    assert claims(rows, idle=1) == [[0]]
    assert claims(rows, idle=3) == [[0], [1, 3], [2]]


def test_an_owner_at_the_cap_is_passed_over_and_holds_nobody_back() -> None:
    rows = [waiting(0, "a", "y"), waiting(1, "b"), waiting(2, "b"), waiting(3, "b")]
    running = [live("a", None), live("b", None), live("b", None)]
    assert claims(rows, idle=1, live=running, most_running=1) == []
    assert claims(rows, idle=1, live=running, most_running=2) == [[0]]
    assert claims(rows[1:], idle=1, most_running=2) == [[1, 2]]
    assert claims(rows, idle=1, live=running[:1], most_running=1) == [[1]]


def test_the_first_in_line_joins_a_live_stack() -> None:
    rows = [waiting(number) for number in range(5)]
    assert claims(rows, idle=0, live=[live("aa")]) == [[0, 1]]
    assert claims(rows, idle=0, live=[live("aaaa")]) == []


def test_the_emptiest_stack_is_joined() -> None:
    rows = [waiting(number) for number in range(3)]
    assert claims(rows, idle=0, live=[live("aaa"), live("a")]) == [[2], [0, 1]]


def test_whoever_joins_passes_nobody() -> None:
    rows = [waiting(0), waiting(1, cohort="y"), waiting(2)]
    assert claims(rows, idle=0, live=[live("a")]) == [[0]]


def test_an_idle_worker_is_better_than_a_place_in_a_stack() -> None:
    assert claims([waiting(0)], idle=1, live=[live("a")]) == [[0]]
    (dispatch,) = plan(ListedQueue([waiting(0)]), [live("a")], 1)
    assert dispatch.id is None


ROWS = st.lists(
    st.builds(
        lambda owner, cohort, priority: (owner, cohort, priority),
        st.sampled_from("abc"),
        st.sampled_from(["x", "y", None]),
        st.integers(-1, 1),
    ),
    max_size=14,
).map(lambda rows: [waiting(number, *row, lanes=LANES) for number, row in enumerate(rows)])
LIVE = st.lists(
    st.builds(live, st.text("abc", min_size=1, max_size=LANES), st.sampled_from(["x", "y", None])), max_size=3
)


def shares(dispatches: Iterable[Sequence[str]]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for owners in dispatches:
        for owner in owners:
            found[owner] = found.get(owner, Fraction(0)) + Fraction(1, len(owners))
    return found


@given(rows=ROWS, running=LIVE, idle=st.integers(0, 3), cap=st.none() | st.integers(1, 4))
def test_whatever_waits(rows: list[Waiting], running: list[Dispatch], idle: int, cap: int | None) -> None:
    queue = ListedQueue(rows)
    before = [list(dispatch.owners) for dispatch in running]
    planned = plan(queue, running, idle, cap)
    fresh = [dispatch for dispatch in planned if dispatch.id is None]
    boarded = [each for dispatch in planned for each in dispatch.boarding]
    # Everybody is on board once or still waits.
    assert sorted(each.id for each in (*boarded, *queue.rows)) == [row.id for row in rows]
    assert len(fresh) <= idle
    for dispatch in planned:
        assert len(dispatch.boarding) == 1 or {each.cohort for each in dispatch.boarding} == {dispatch.cohort}
        assert len(dispatch.owners) <= dispatch.lanes or len(dispatch.boarding) == 0
        assert dispatch.id is None or dispatch.cohort is not None
        assert dispatch.cohort is not None or len(dispatch.boarding) == 1
    counts = Counter(owner for owners in before for owner in owners)
    counts.update(each.owner for each in boarded)
    assert cap is None or all(counts[each.owner] <= cap for each in boarded)
    # Idle workers are left only where nobody may use them.
    waits = [row for row in queue.rows if cap is None or counts[row.owner] < cap]
    assert len(fresh) == idle or not waits
    # Stacks of one cohort that start together differ by one lane at most.
    for cohort in {dispatch.cohort for dispatch in fresh} - {None}:
        widths = [len(dispatch.boarding) for dispatch in fresh if dispatch.cohort == cohort]
        assert max(widths) - min(widths) <= 1


@given(rows=ROWS, running=LIVE)
def test_joining_passes_nobody(rows: list[Waiting], running: list[Dispatch]) -> None:
    queue = ListedQueue(rows)
    before = shares(dispatch.owners for dispatch in running)
    joined = [each for dispatch in plan(queue, running, 0) for each in dispatch.boarding]
    for each in joined:
        better = [row for row in queue.rows if row.owner == each.owner and row.priority > each.priority]
        assert better == []
        older = [
            row
            for row in queue.rows
            if row.owner == each.owner and row.priority == each.priority and row.created_at < each.created_at
        ]
        assert older == []
    if joined and queue.rows:
        assert min(before.get(each.owner, 0) for each in joined) <= min(
            before.get(row.owner, 0) for row in queue.rows
        )


@given(rows=ROWS, idle=st.integers(1, 3))
def test_nobody_with_a_better_priority_of_the_same_owner_is_left(rows: list[Waiting], idle: int) -> None:
    queue = ListedQueue(rows)
    boarded = [each for dispatch in plan(queue, [], idle) for each in dispatch.boarding]
    for each in boarded:
        assert all(row.priority <= each.priority for row in queue.rows if row.owner == each.owner)


@given(rows=ROWS, running=LIVE, idle=st.integers(0, 3))
def test_a_plan_leaves_nothing_to_plan(rows: list[Waiting], running: list[Dispatch], idle: int) -> None:
    queue = ListedQueue(rows)
    first = plan(queue, running, idle)
    lively = [*running, *(dispatch for dispatch in first if dispatch.id is None)]
    for number, dispatch in enumerate(lively):
        dispatch.id, dispatch.boarding = dispatch.id or str(number), []
    fresh = sum(dispatch.id.isdecimal() for dispatch in lively if dispatch.id)
    assert plan(queue, lively, idle - fresh) == []
