"""Whether the first row names columns: what people write, with and without names, and with names that are numbers."""

import json

import pytest

from service.datasets.parsing.results import Parsed
from tests.service.datasets.parsing.reading import accepted, messages

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
