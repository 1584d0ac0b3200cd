"""A folded test fails as its cases would, and says which."""

import pytest

from tests.cases import folded


def test_every_case_that_fails_is_named() -> None:
    seen = []

    @folded(("left", "right"), [(1, 1), (2, 3), ("x" * 500, "x"), (4, 4)])
    def equal(left: object, right: object) -> None:
        seen.append(left)
        assert left == right

    with pytest.raises(
        BaseExceptionGroup, match=r"2 of 4 cases failed: left=2, right=3; left='xxx"
    ) as caught:
        equal()
    assert len(seen) == 4
    assert len(str(caught.value)) < 300
    assert caught.value.exceptions[0].__notes__ == ["in the case left=2, right=3"]


def test_what_pytest_calls_a_failure_is_one() -> None:
    @folded("number", [1, 0])
    def divides(number: int) -> None:
        with pytest.raises(ZeroDivisionError):
            assert 1 / number

    with pytest.raises(BaseExceptionGroup, match="1 of 2 cases failed: number=1"):
        divides()


def test_no_cases_are_no_success() -> None:
    @folded("number", [])
    def never(number: int) -> None:
        raise AssertionError(number)

    with pytest.raises(AssertionError, match="has no cases"):
        never()


@folded("first", "ab")
@folded("second", range(3))
def test_folds_may_be_stacked_and_take_fixtures(
    request: pytest.FixtureRequest, first: str, second: int
) -> None:
    assert request.node.name == "test_folds_may_be_stacked_and_take_fixtures"
    assert first in {"a", "b"}
    assert second < 3


def test_every_combination_runs() -> None:
    ran: list[tuple[str, int]] = []

    @folded("first", "ab")
    @folded("second", range(3))
    def combine(first: str, second: int) -> None:
        ran.append((first, second))

    combine()
    assert ran == [(first, second) for first in "ab" for second in range(3)]
