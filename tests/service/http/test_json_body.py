"""What json.loads would let through, and what it would crash on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.json_body import read_json
from service.http.problems import Refusal

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 1} x', "not valid JSON"),
        (b'{"a": 01}', "not valid JSON"),
        (b'{"a": "\x01"}', "not valid JSON"),
        (b'{"a": "\xff"}', "not valid UTF-8: byte 7"),
        ('{"a": 1}'.encode("utf-16"), "not valid UTF-8: byte 0"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
        (b"9" * 5000, "too many digits"),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', 'member "b" twice'),
        (json.dumps({str(number): 0 for number in range(1001)}).encode(), "more than 1,000 members"),
    ],
)
def test_refuses(body: bytes, detail: str) -> None:
    with pytest.raises(Refusal, match=detail) as caught:
        read_json(body)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (rb'{"name": "a\u0000b"}', "#/name"),
        (rb'{"name": "\ud800"}', "#/name"),
        (rb'{"metadata": {"a": ["x", "\udfff"]}}', "#/metadata/a/1"),
        (rb'{"metadata": {"\u0000": "x"}}', "#/metadata"),
        (rb'"\ud800"', "#"),
    ],
)
def test_refuses_text_that_cannot_be_stored(body: bytes, pointer: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_json(body)
    assert caught.value.status_code == 422
    assert [(wrong.pointer, wrong.code) for wrong in caught.value.errors] == [(pointer, "text")]


def test_reads_what_python_writes_for_numbers_that_are_none() -> None:
    assert read_json(b'{"lambda": Infinity}') == {"lambda": float("inf")}


def test_reads_a_surrogate_pair_as_the_character_it_is() -> None:
    assert read_json(rb'{"name": "\ud83d\ude82"}') == {"name": "🚂"}


def test_ignores_a_byte_order_mark() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@given(JSON.filter(lambda document: "\0" not in json.dumps(document, ensure_ascii=False)))
def test_reads_everything_else_as_it_is(document: object) -> None:
    if r"\u0000" in json.dumps(document):
        return
    assert read_json(json.dumps(document).encode()) == document


@given(st.binary(max_size=300))
def test_whatever_is_sent_is_read_or_refused(body: bytes) -> None:
    try:
        read_json(body)
    except Refusal:
        return
    json.loads(body.decode("utf-8-sig"))
