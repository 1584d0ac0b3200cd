"""Whether the first row names columns: what people write, with and without names, and with names that are numbers."""

import json

import pytest

from service.datasets.reading.results import Parsed
from tests.service.datasets.reading.reading import accepted, messages, rejected

NUMBERS = [(1.5 * row, row % 5, 100.25 * row) for row in range(1, 41)]
WORD = "Numbers in the first row"


def told(found: Parsed) -> bool:
    """Whether it is said that numbers were taken for names."""
    return any(message.startswith(WORD) for message in messages(found))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (",0,1,2", "{0},{1},{2},{3}"),
        (",0,1,2", "r{0},{1},{2},{3}"),
        ("0,1,2,3", "{1},{2},{3},{1}"),
        ("0,1,2,target", "{1},{2},{3},{2}"),
        ("id,10,20,30", "{0},{1},{2},{3}"),
        ("1990,1995,2000,2001", "{1},{2},{3},{1}"),
        ("country,1990,1995,2000", "c{0},{1},{2},{3}"),
        ("y,1100.5,1102.5,1104.5", "{2},{1},{3},{1}"),
        (",".join(map(str, range(12))), ",".join(["{0}", "{2}"] * 6)),
    ],
)
def test_numbers_may_name_columns(header: str, row: str) -> None:
    rows = [row.format(number, *values) for number, values in enumerate(NUMBERS)]
    found = accepted("\n".join([header, *rows, ""]), ignore=[0])
    assert found.options.header is True
    assert len(found.arrays["x"]) == 40
    assert found.target_names == (header.rsplit(",", maxsplit=1)[-1],)
    assert told(found)


@pytest.mark.parametrize(
    "content",
    [
        "1,2,3,4\n2,3,4,5\n3,4,5,6\n4,5,6,7\n",
        "0,1,2\n3,4,5\n6,7,8\n9,10,11\n",
        "1,2,3\n2,4,6\n3,6,9\n4,8,12\n",
        "1,2,3,4\n2,1,3,4\n4,3,2,1\n1,3,2,4\n",
        "0,1,2\n1,1,0\n0,0,1\n2,1,1\n",
        "1850,1900,2000\n1500,2100,1999\n1800,1900,2000\n1,2,3\n",
        "63,*,145,0\n61,4,120,1\n60,3,130,0\n50,2,110,1\n",
        "missing,145,63,0\n61,4,2,1\n60,3,3,0\n50,2,1,1\n",
        "63,missing,145,0\n61,4,120,1\n60,3,130,0\n50,2,110,1\n",
        ",5,3,0\n2,4,1,1\n7,3,2,0\n9,1,4,1\n",
        "5.1,3.5,1.4,a\n4.9,3.0,1.4,b\n4.7,3.2,1.3,a\n4.6,3.1,1.5,b\n",
        "7,1.5,2.5\n8,2.5,3.5\n9,0.5,1.5\n3,1.5,2.0\n",
    ],
)
def test_numbers_may_be_data(content: str) -> None:
    found = accepted(content, missing=["", "*", "missing"], target=-1)
    assert found.options.header is False
    assert len(found.arrays["x"]) == 4
    assert not told(found)


def test_numbers_of_json_are_data() -> None:
    found = accepted(json.dumps([[1, 2, 3], [2, 2, 1], [3, 1, 2.5], [4, 4, 1]]))
    assert (found.options.header, len(found.arrays["x"])) == (False, 4)


@pytest.mark.parametrize("place", ["-1", -1, "2", 2])
def test_a_place_is_no_name(place: str | int) -> None:
    found = accepted("0.3,0.5,-1\n0.1,0.2,1\n0.7,0.1,-1\n0.2,0.9,1\n", target=place)
    assert found.options.header is False
    assert (len(found.arrays["x"]), found.classes) == (4, ("-1", "1"))


def test_a_separator_at_the_end_of_rows_alone_moves_no_name() -> None:
    found = accepted("a,b,c\n1,2,0,\n3,4,1,\n5,6,0,\n7,8,1,\n")
    assert [column.name for column in found.columns] == ["a", "b"]
    assert found.target_names == ("c",)
    assert found.arrays["y"].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("part", ["group", "weight", "split", "categorical", "numeric", "target"])
@pytest.mark.parametrize(("header", "name"), [("a,b,y", "row_names"), (",a,b,y", "column_0"), (",a,b,y", 0)])
def test_the_names_of_rows_may_be_called(header: str, name: str | int, part: str) -> None:
    values = {"split": "train", "group": "g{0}", "categorical": "g{0}"}.get(part, "{0}")
    rows = [f"{values.format(row % 4)},{row},{row % 3}.5,{row % 2}" for row in range(1, 25)]
    options = {part: name} | ({} if part == "target" else {"target": "y"})
    found = accepted("\n".join([header, *rows, ""]), **options)
    assert found.options.ignore == ()
    assert not any("ignored" in message for message in messages(found))


TEXTS = ["red,big,a", "blue,big,b", "red,small,b", "blue,small,a", "red,big,b", "blue,tiny,a"]
NUMBERED = ["5,red,yes", "7,blue,no", "6,red,no", "9,green,yes"]


def guess(found: Parsed) -> list[str]:
    """What is said of a first row that may be names or data."""
    return [each.message for each in found.warnings if each.code == "guessed_header"]


@pytest.mark.parametrize("first", ["NA", "-", "n.a.", "?", "unknown"])
@pytest.mark.parametrize("ends", ["grey,maybe", "red,yes"])
def test_a_missing_number_in_the_first_row_loses_no_row(first: str, ends: str) -> None:
    content = "\n".join([f"{first},{ends}", *NUMBERED, f"8,{ends}", ""])
    found = accepted(content, missing=["NA", "-", "n.a.", "?", "unknown"])
    assert (found.options.header, len(found.arrays["x"])) == (False, 6)
    assert f'("{first}", ' in guess(found)[0]
    assert "header=true" in guess(found)[0]


def test_a_word_that_stands_for_nothing_is_no_name() -> None:
    content = "\n".join(["n.a.,red,yes", *NUMBERED, ""])
    assert guess(accepted(content, categorical=[0]))


def test_an_amount_above_amounts_is_data() -> None:
    assert len(accepted("5%,a\n7%,b\n9%,c\n8%,b\n", target=1, task="classification").arrays["x"]) == 4


@pytest.mark.parametrize(("first", "is_header"), [("colour,size,kind", True), ("red,size,kind", False)])
def test_a_guess_among_texts_is_shown_with_the_option_that_reverses_it(first: str, is_header: bool) -> None:
    content = "\n".join([first, *TEXTS, ""])
    found = accepted(content)
    assert found.options.header is is_header
    assert all(f'"{cell}"' in guess(found)[0] for cell in first.split(","))
    assert f"header={str(not is_header).lower()}" in guess(found)[0]
    assert guess(accepted(content, header=is_header)) == []


def test_names_above_numbers_and_names_that_are_called_are_no_guess() -> None:
    assert guess(accepted("\n".join(["a,b,c", *NUMBERED, ""]))) == []
    assert guess(accepted("\n".join(["colour,size,kind", *TEXTS, ""]), target="kind")) == []


def test_a_guess_in_json_is_shown() -> None:
    rows = [["colour", "kind"], ["red", "a"], ["blue", "b"], ["red", "b"]]
    assert '("colour", "kind")' in guess(accepted(json.dumps(rows)))[0]


@pytest.mark.parametrize(
    "title", ["Survey", "Survey of 2024", "Survey,", "Survey,2024", "Survey,made by hand,"]
)
@pytest.mark.parametrize("rows", [["colour,size,kind", *TEXTS], ["age,size,kind", *NUMBERED]])
def test_a_title_never_makes_the_names_data(title: str, rows: list[str]) -> None:
    found = rejected("\n".join([title, *rows, ""]))
    assert "fields" in found.reasons[0].found
    assert found.reasons[0].row == 1


def test_a_title_over_two_columns_is_no_name_of_one() -> None:
    content = "\n".join(["Survey", "size,kind", *(row.partition(",")[2] for row in TEXTS), ""])
    assert rejected(content).advice.startswith("Remove the lines above")
    assert (
        len(accepted("mpg\nMazda,21\nDatsun,22\nValiant,18\nDuster,14\n", target=0, ignore=[]).arrays["x"])
        == 4
    )


@pytest.mark.parametrize(
    "row",
    [
        "0.{0:03},1,{1:03},yes",
        "{2},1,{1:03},yes",
        "{0},2,{1:03},no",
        "{0},{2},{1:02},no",
    ],
)
def test_halves_of_numbers_are_not_shifted_into_other_columns(row: str) -> None:
    rows = [row.format(number, number * 37 % 90, number % 3) for number in range(1, 41)]
    found = rejected("\n".join(["a,price,label", *rows, ""]))
    assert (found.reasons[0].row, found.reasons[0].found) == (1, "3 names above rows of 4 fields")
    assert "quote them" in found.advice


def test_measurements_without_a_name_are_kept() -> None:
    rows = [f"{number / 8},{number % 3},{'yn'[number % 2]}" for number in range(40)]
    assert [column.name for column in accepted("\n".join([",b,label", *rows, ""])).columns] == [
        "column_0",
        "b",
    ]


@pytest.mark.parametrize("header", ["1,2,3,label", "400.5,401,401.5,label", "Survey,2020,12000,v2"])
def test_words_that_no_row_repeats_make_rising_numbers_names(header: str) -> None:
    rows = [f"{number % 5},{number % 4},{number % 3},{'yn'[number % 2]}" for number in range(40)]
    found = accepted("\n".join([header, *rows, ""]), target=-1)
    assert (found.options.header, found.classes) == (True, ("n", "y"))
    assert told(found)


@pytest.mark.parametrize("header", ["5,2,3,label", "1.5,2.5,,label", "1,2,3,4", "2018,2019,2020,2021"])
def test_numbers_that_are_taken_for_data_and_may_be_names_are_shown(header: str) -> None:
    last = "1" if header[-1].isdecimal() else "y"
    rows = [f"{number % 5},{number % 4},{number % 3},{last if number % 2 else '0'}" for number in range(40)]
    found = accepted("\n".join([header, *rows, ""]), target=-1)
    assert found.options.header is False
    assert "header=true" in guess(found)[0]


@pytest.mark.parametrize("rows", [TEXTS, NUMBERED])
def test_names_that_come_again_are_no_row(rows: list[str]) -> None:
    found = accepted("\n".join(["colour,size,kind", *rows, "colour,size,kind", *rows, ""]), target=-1)
    assert (found.options.header, len(found.arrays["x"])) == (True, 2 * len(rows))
    assert "label" not in (found.classes or ())
    assert [each.message for each in found.warnings if each.code == "repeated_header"] == [
        f"Line {len(rows) + 2} repeats the column names, as in concatenated files, and was left out."
    ]
