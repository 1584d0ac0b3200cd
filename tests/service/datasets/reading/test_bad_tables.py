"""Tables that cannot be trained on: each is refused by row and column, with what to do."""

import codecs
import gzip
import os

import pytest

from service.datasets.reading.results import Rejected
from tests.service.datasets.reading.reading import outcome, rejected

DATES = ["2024-01-{:02}", "{}.12.2024", "3/{}/24", "2024-01-{:02}T10:00:00Z", "10:{:02}", "{} March 2024"]
NUMBERED = "".join(f"{row},{row % 7 + 0.5},{row % 2}\n" for row in range(60))


def places(found: Rejected) -> list[tuple[int | None, str | None, str]]:
    return [(reason.row, reason.column, reason.found) for reason in found.reasons]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("", "an empty file", id="empty"),
        pytest.param("\n \n\n", "an empty file", id="blank lines"),
        pytest.param("\ufeff", "an empty file", id="byte order mark alone"),
        pytest.param("a,b,y\n", "no rows", id="header alone"),
        pytest.param("a,b,y\n1,2,0\n", "one row", id="one row"),
        pytest.param("a\n1\n2\n", "1 column, of which 0 feature columns", id="one column"),
        pytest.param("a,b,y\n1,2,0\n3,4,0\n5,6,0\n", '1 class: "0"', id="one class"),
        pytest.param("a,b,y\n1,2,7.5\n3,4,7.5\n", "7.5 in every row", id="constant target"),
        pytest.param(os.urandom(5000) + b"\0", "binary data", id="binary junk"),
        pytest.param(gzip.compress(gzip.compress(b"a,b\n1,2\n")), "a gzip file", id="gzip"),
        pytest.param(b"%PDF-1.7 ...", "a PDF file", id="PDF"),
        pytest.param(b"PAR1" + bytes(100), "Parquet", id="Parquet"),
        pytest.param(",".join(map(str, range(1_000_000))) + "\n", "1000000 columns", id="a million columns"),
        pytest.param("a" * 9_000_000, "a line of more than", id="no lines"),
        pytest.param(
            'a,b\n1,"' + "x" * 200_000 + "\n", "field larger than", id="a quote that is never closed"
        ),
        pytest.param("a,b,y\n,,0\n,,1\n", "columns without a value", id="nothing but the target"),
        pytest.param("x" * 300 + ",y\n1,2\n3,4\n", '"xxx', id="long name"),
        pytest.param(b"a,y\n\x81,1\n\x8d,0\n", "bytes that are neither UTF-8 nor", id="no known encoding"),
    ],
)
def test_is_refused(content: str | bytes, found: str) -> None:
    assert found in rejected(content).reasons[0].found


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({"target": "kinds"}, "kinds"),
        ({"target": 3}, "3"),
        ({"target": -4}, "-4"),
        ({"ignore": ["id", "kind"]}, "id"),
        ({"weight": "w", "split": "s", "group": "g"}, "w"),
        ({"categorical": ["c"], "numeric": ["n"]}, "c"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_those_that_are(
    options: dict[str, object], column: str
) -> None:
    found = rejected("a,b,kind\n1,2,x\n3,4,y\n", **options)
    assert found.reasons[0].column == column
    assert found.reasons[0].expected.startswith('one of "a", "b", "kind"')


def test_the_closest_column_is_suggested() -> None:
    assert 'Did you mean "kind"?' in rejected("a,b,kind\n1,2,x\n3,4,y\n", target="kinds").reasons[0].expected


def test_texts_among_numbers_are_named_by_line_and_column() -> None:
    found = rejected('a,b,y\n1,2,0\nn.a.,4,1\n"5",seven,0\n6,seven,1\n7,9,0\n8,9,1\n')
    assert places(found) == [(3, "a", '"n.a."'), (4, "b", '"seven"'), (5, "b", '"seven"')]
    assert "missing" in found.advice


def test_lines_are_those_of_an_editor() -> None:
    found = rejected(
        'a,b,y\r\n\r\n1,"two\r\nlines",0\r\n\r\n2,"x",1\r\n3,"x",NA\r\n4,"two\nlines",0\r\n', target="y"
    )
    assert places(found) == [(7, "y", "nothing")]


def test_at_most_twenty_reasons_and_each_column_comes_to_word() -> None:
    bad = "".join(f"{row},bad,{row},{row % 2}\n" for row in range(500))
    good = "".join(f"{row},{row},{row},{row % 2}\n" for row in range(700))
    found = rejected(f"a,b,c,y\n{bad}1,1,worse,0\n{good}")
    assert len(found.reasons) == 20
    assert {reason.column for reason in found.reasons} == {"b", "c"}


@pytest.mark.parametrize("text", ["late", "1_0"])
def test_a_text_that_comes_late_is_found_as_well(text: str) -> None:
    rows = [f"{row},{row % 2}" for row in range(120_000)]
    rows[110_000] = f"{text},1"
    assert places(rejected("a,y\n" + "\n".join(rows))) == [(110_002, "a", f'"{text}"')]


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e999"])
def test_infinity_is_refused(value: str) -> None:
    assert places(rejected(f"a,b,y\n1,2,0\n{value},4,1\n5,6,0\n")) == [(3, "a", "infinity")]
    assert places(rejected(f"a,b,y\n1,2,0.5\n3,4,{value}\n5,6,7\n")) == [(3, "y", "infinity")]


@pytest.mark.parametrize("value", ["", "NA", "nan", "?"])
def test_a_missing_target_is_refused(value: str) -> None:
    assert places(rejected(f"a,b,y\n1,2,0\n3,4,{value}\n5,6,1\n")) == [(3, "y", "nothing")]
    assert places(rejected(f"a,b,y\n1,2,yes\n3,4,{value}\n5,6,no\n")) == [(3, "y", "nothing")]


@pytest.mark.parametrize("date", DATES)
def test_dates_are_refused_with_a_hint(date: str) -> None:
    rows = "".join(f"{date.format(row % 9 + 1)},{row},{row % 2}\n" for row in range(30))
    found = rejected("day,b,y\n" + rows)
    assert found.reasons[0].column == "day"
    assert "dates such as" in found.reasons[0].found
    assert '"ignore": ["day"]' in found.advice


def test_many_texts_are_refused_with_their_count() -> None:
    rows = "".join(f"name {row},{row % 3},{row % 2}\n" for row in range(150))
    found = rejected("who,b,y\n" + rows)
    assert found.reasons[0].found.startswith("150 distinct strings in 150 rows")
    assert isinstance(outcome("who,b,y\n" + rows, categorical=["who"]), Rejected) is False
    assert isinstance(outcome("who,b,y\n" + rows, ignore=["who"]), Rejected) is False


def test_a_name_in_every_row_is_refused_however_few_there_are() -> None:
    rows = "".join(f"name {row},{row % 3},{row % 2}\n" for row in range(20))
    assert rejected("who,b,y\n" + rows).reasons[0].found.startswith("20 distinct strings")


def test_ever_more_texts_are_not_kept() -> None:
    rows = "".join(f"{row:x}-,{row % 3},{row % 2}\n" for row in range(110_000))
    assert rejected("who,b,y\n" + rows).reasons[0].found == "more than 100000 distinct strings"


@pytest.mark.parametrize("value", ["-1", "nan", "inf", ""])
def test_a_weight_must_be_one(value: str) -> None:
    found = rejected(f"a,w,y\n1,1,0\n2,{value},1\n3,1,0\n", weight="w")
    assert (found.reasons[0].row, found.reasons[0].column) == (3, "w")


def test_parts_have_names() -> None:
    found = rejected("a,part,y\n1,train,0\n2,TEST,1\n3,later,0\n4,,1\n", split="part")
    assert places(found) == [(4, "part", '"later"'), (5, "part", '""')]
    assert rejected("a,part,y\n1,test,0\n2,test,1\n", split="part").reasons[0].found == "no training rows"
    one_class = rejected("a,part,y\n1,train,0\n2,train,0\n3,test,1\n", split="part")
    assert one_class.reasons[0].found.startswith('only class "0"')


def test_a_group_in_two_parts_is_refused_and_shown() -> None:
    rows = "a,g,s,y\n1,ann,train,0\n2,bob,train,1\n3,ann,test,0\n4,ann,test,1\n5,cy,validation,1\n6,bob,validation,0\n"
    found = rejected(rows, group="g", split="s")
    assert places(found) == [
        (4, "g", 'group "ann" in a second split'),
        (7, "g", 'group "bob" in a second split'),
    ]
    assert [reason.expected for reason in found.reasons] == [
        "one part, as in row 2",
        "one part, as in row 3",
    ]


def test_a_row_without_a_group_is_refused() -> None:
    assert places(rejected("a,g,y\n1,x,0\n2,,1\n3,x,0\n", group="g")) == [(3, "g", "nothing")]


def test_labels_are_yes_or_no() -> None:
    found = rejected("a,p,q\n1,0,2\n2,1,x\n3,1,y\n", target=["p", "q"], task="multilabel")
    assert found.reasons[0].column == "q"
    assert rejected("a,p,q\n1,0,2\n2,1,3\n", target=["p", "q"], task="classification").advice.startswith(
        "Choose one"
    )
    assert rejected("a,p\n1,u\n2,v\n3,u\n", target="p", task="regression").reasons[0].found == '"u"'


def test_what_is_shown_has_no_control_characters_and_is_short() -> None:
    text = "\x07\x1b[31m" + "long" * 100
    reason = rejected(f"a,b,y\n1,2,0\n3,{text},1\n5,6,0\n7,8,1\n".encode("utf-16")).reasons[0]
    assert "\\u0007\\u001b" in reason.found
    assert len(reason.found) < 100


def test_a_nul_in_a_text_is_refused() -> None:
    content = codecs.BOM_UTF16_LE + "a,b,y\n1,u\0,0\n3,v,1\n5,u\0,0\n".encode("utf-16-le")
    assert "u\\u0000" in rejected(content).reasons[0].found


def test_another_format_than_was_said() -> None:
    assert rejected(NUMBERED, format="npz").reasons[0].expected == "an NPZ file"
    assert rejected(NUMBERED, format="json").reasons
    assert (
        rejected(b"PK\x03\x04" + bytes(50), format="csv").reasons[0].found == "a file that begins as npz does"
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    good = "".join(f"{row},{row}.5,{'xy'[row % 2]}\n" for row in range(20))
    found = rejected("a,b,y\n" + good + "7,8\n9,nope,y\n" + good)
    assert places(found) == [(22, None, "2 fields"), (23, "b", '"nope"')]
    assert "same number of fields" in found.advice
    assert "Correct the values" in found.advice
