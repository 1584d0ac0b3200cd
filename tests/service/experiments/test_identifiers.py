"""Identifiers sort by time, never repeat, and are told from everything else."""

from datetime import UTC, datetime, timedelta

import pytest

from service.experiments.identifiers import is_identifier, new_identifier

NOW = datetime(2026, 11, 22, 16, 5, 3, 123000, tzinfo=UTC)


def test_holds_the_milliseconds_since_1970() -> None:
    # The time of the ULID specification's own example: 01ARYZ6S41 is 1469918176385.
    assert new_identifier(datetime.fromtimestamp(1469918176.385, UTC)).startswith("exp_01ARYZ6S41")


def test_sorts_by_time() -> None:
    made = [new_identifier(NOW + timedelta(milliseconds=step)) for step in range(200)]
    assert made == sorted(made)


def test_never_repeats() -> None:
    assert len({new_identifier(NOW) for _ in range(1000)}) == 1000


def test_knows_its_own() -> None:
    assert all(is_identifier(new_identifier(NOW)) for _ in range(100))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exp_",
        "01ARYZ6S4100000000000000000",
        "exp_01ARYZ6S41TSV4RRFFQ69G5FA",
        "exp_01ARYZ6S41TSV4RRFFQ69G5FAVV",
        "exp_81ARYZ6S41TSV4RRFFQ69G5FAV",
        "exp_01aryz6s41tsv4rrffq69g5fav",
        "exp_01ARYZ6S41TSV4RRFFQ69G5FAI",
        "exp_01ARYZ6S41TSV4RRFFQ69G5FAV\n",
        "exp_01ARYZ6S41TSV4RRFFQ69G5FA\0",
        "exp_\N{ARABIC-INDIC DIGIT ZERO}1ARYZ6S41TSV4RRFFQ69G5FAV",
    ],
)
def test_knows_others(text: str) -> None:
    assert not is_identifier(text)
