"""A cursor leads back to where it was made, and nothing else is taken for one."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidParameter
from service.http.pagination import NEWEST_FIRST, OLDEST_FIRST, Position, decode_cursor, encode_cursor

POSITION = Position(datetime(2026, 11, 22, 16, 5, 3, 123456, tzinfo=UTC), "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y")


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


@pytest.mark.parametrize("sort", [NEWEST_FIRST, OLDEST_FIRST])
def test_leads_back(sort: str) -> None:
    assert decode_cursor(encode_cursor(POSITION, sort), sort) == POSITION


def test_keeps_the_microseconds_and_the_time_zone() -> None:
    east = Position(POSITION.created_at.astimezone(timezone(timedelta(hours=5, minutes=30))), POSITION.id)
    assert decode_cursor(encode_cursor(east, NEWEST_FIRST), NEWEST_FIRST).created_at == POSITION.created_at


def test_can_stand_in_a_url_as_it_is() -> None:
    assert encode_cursor(POSITION, NEWEST_FIRST).replace("-", "").replace("_", "").isalnum()


def test_belongs_to_one_order() -> None:
    with pytest.raises(InvalidParameter, match="same order"):
        decode_cursor(encode_cursor(POSITION, NEWEST_FIRST), OLDEST_FIRST)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y",
        "!!!!",
        "é",
        "x" * 100_000,
        encode_cursor(POSITION, NEWEST_FIRST)[:-4],
        encode_cursor(POSITION, NEWEST_FIRST) + "A",
        encode_cursor(POSITION, NEWEST_FIRST) + "=",
        encoded(None),
        encoded([]),
        encoded({"a": 1}),
        encoded([NEWEST_FIRST, POSITION.created_at.isoformat(), 7]),
        encoded([NEWEST_FIRST, 7, POSITION.id]),
        encoded([NEWEST_FIRST, "yesterday", POSITION.id]),
        encoded([NEWEST_FIRST, "2026-11-22T16:05:03", POSITION.id]),
        encoded([NEWEST_FIRST, POSITION.created_at.isoformat(), POSITION.id, "more"]),
        encoded([NEWEST_FIRST, "0001-01-01T00:00:00+14:00", POSITION.id]),
        encoded([NEWEST_FIRST, "9999-12-31T23:59:59-14:00", POSITION.id]),
        encoded([NEWEST_FIRST, "2026-11-22T18:05:03+02:00", POSITION.id]),
        encoded([NEWEST_FIRST, POSITION.created_at.isoformat(), "\ud800"]),
        encoded([NEWEST_FIRST, POSITION.created_at.isoformat(), "exp_\0"]),
        encoded([NEWEST_FIRST, POSITION.created_at.isoformat(), POSITION.id + "\0"]),
    ],
)
def test_refuses_what_it_did_not_make(cursor: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        decode_cursor(cursor, NEWEST_FIRST)
    assert (caught.value.parameter, caught.value.code) == ("after", "invalid_cursor")


@given(
    st.text(max_size=300)
    | st.binary(max_size=200).map(lambda content: base64.urlsafe_b64encode(content).decode())
)
def test_whatever_is_sent_is_refused_or_understood(cursor: str) -> None:
    try:
        position = decode_cursor(cursor, NEWEST_FIRST)
    except InvalidParameter:
        return
    assert encode_cursor(position, NEWEST_FIRST) == cursor
