"""CSV files as other programs write them."""

import csv
import io

import numpy as np
import pytest

from service.datasets.reading.results import DatasetWarning
from tests.service.datasets.reading.reading import accepted, messages, rejected

ROWS = "height,width,kind\n1.5,2,a\n2.5,3,b\n3.5,4,a\n"
X = [[1.5, 2], [2.5, 3], [3.5, 4]]

TITANIC = """PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked
1,0,3,"Braund, Mr. Owen Harris",male,22,1,0,A/5 21171,7.25,,S
2,1,1,"Cumings, Mrs. John Bradley (Florence Briggs Thayer)",female,38,1,0,PC 17599,71.2833,C85,C
3,1,3,"Heikkinen, Miss. Laina",female,26,0,0,STON/O2. 3101282,7.925,,S
4,1,1,"Futrelle, Mrs. Jacques Heath (Lily May Peel)",female,35,1,0,113803,53.1,C123,S
5,0,3,"Allen, Mr. William Henry",male,35,0,0,373450,8.05,,S
6,0,3,"Moran, Mr. James",male,,0,0,330877,8.4583,,Q
7,0,1,"McCarthy, Mr. Timothy J",male,54,0,0,17463,51.8625,E46,S
8,0,3,"Palsson, Master. Gosta Leonard",male,2,3,1,349909,21.075,,S
9,1,3,"Johnson, Mrs. Oscar W (Elisabeth Vilhelmina Berg)",female,27,0,2,347742,11.1333,,S
10,1,2,"Nasser, Mrs. Nicholas (Adele Achem)",female,14,1,0,237736,30.0708,,C
11,1,3,"Sandstrom, Miss. Marguerite Rut",female,4,1,1,PP 9549,16.7,G6,
12,1,1,"Bonnell, Miss. Elizabeth",female,58,0,0,113783,26.55,C103,S
"""


def test_a_plain_file() -> None:
    found = accepted(ROWS)
    assert found.arrays["x"].tolist() == X
    assert found.arrays["y"].tolist() == [0, 1, 0]
    assert (found.task, found.classes, found.target_names) == ("binary", ("a", "b"), ("kind",))
    assert found.feature_names == ("height", "width")
    assert (found.options.header, found.scaling) == (True, "standardize")
    assert found.warnings == (
        DatasetWarning(
            "guessed_target",
            "#/options/target",
            'Column "kind" was taken for the target because it is the last column.',
        ),
    )
    assert found.preview[1] == {"height": 2.5, "width": 3, "kind": "b"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, ends: str) -> None:
    found = accepted(ROWS.replace(",", delimiter).replace("\n", ends))
    assert found.options.delimiter == delimiter
    assert found.arrays["x"].tolist() == X


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(encoding: str) -> None:
    found = accepted("größe,name\n1,é\n2,ü\n3,é\n".encode(encoding))
    assert found.options.encoding == {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    assert found.feature_names == ("größe",)
    assert found.classes == ("é", "ü")


def test_excel_with_mark_semicolons_and_decimal_commas() -> None:
    content = "\ufeffHöhe;Preis;Ort\r\n1,5;1;Köln\r\n2,25;2;Bonn\r\n-,5e1;3;Köln\r\n".encode()
    found = accepted(content)
    assert (found.options.delimiter, found.options.decimal) == (";", ",")
    assert found.columns[0].name == "Höhe"
    assert found.arrays["x"].tolist() == [[1.5, 1], [2.25, 2], [-5, 3]]


def test_decimal_commas_without_a_header() -> None:
    found = accepted("1,5;2,25;0\n3,5;4,75;1\n")
    assert found.arrays["x"].tolist() == [[1.5, 2.25], [3.5, 4.75]]
    assert found.options.header is False
    assert found.feature_names == ("column_0", "column_1")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            '"","mpg","am"\n"Mazda RX4",21,1\n"Datsun 710",22.8,1\n"Valiant",NA,0\n', id="write.csv"
        ),
        pytest.param('"mpg" "am"\n"Mazda RX4" 21 1\n"Datsun 710" 22.8 1\n"Valiant" NA 0\n', id="write.table"),
        pytest.param(",mpg,am\n0,21,1\n1,22.8,1\n2,,0\n", id="index of pandas"),
    ],
)
def test_row_names_are_ignored(content: str) -> None:
    found = accepted(content)
    assert [(column.name, column.missing) for column in found.columns] == [("mpg", True)]
    np.testing.assert_array_equal(found.arrays["x"], [[21], [22.8], [np.nan]])
    assert found.arrays["y"].tolist() == [1, 1, 0]
    assert found.options.ignore == (("row_names",) if content.startswith('"mpg"') else ("column_0",))
    assert "it is ignored" in messages(found)[0]


def test_the_summary_that_scikit_learn_begins_with() -> None:
    found = accepted("4,2,setosa,virginica\n5.1,3.5,0\n4.9,3.0,0\n6.2,3.4,1\n5.9,3.0,1\n")
    assert found.options.header == "summary"
    assert found.classes == ("setosa", "virginica")
    assert found.arrays["y"].tolist() == [0, 0, 1, 1]
    assert found.arrays["x"].shape == (4, 2)


def test_titanic() -> None:
    refusal = rejected(TITANIC)
    assert [reason.column for reason in refusal.reasons] == ["Name", "Ticket"]
    found = accepted(
        TITANIC, target="Survived", ignore=["PassengerId", "Name", "Ticket", "Cabin"], categorical=["Pclass"]
    )
    assert [(column.name, column.kind, column.levels, column.missing) for column in found.columns] == [
        ("Pclass", "category", ("1", "2", "3"), False),
        ("Sex", "category", ("female", "male"), False),
        ("Age", "number", (), True),
        ("SibSp", "number", (), False),
        ("Parch", "number", (), False),
        ("Fare", "number", (), False),
        ("Embarked", "category", ("(missing)", "C", "Q", "S"), False),
    ]
    np.testing.assert_array_equal(found.arrays["x"][5], [2, 1, np.nan, 0, 0, 8.4583, 2])
    assert found.arrays["x"][10, -1] == 0
    assert found.feature_names[:7] == (
        "Pclass=1",
        "Pclass=2",
        "Pclass=3",
        "Sex=female",
        "Sex=male",
        "Age",
        "Age missing",
    )
    assert len(found.feature_names) == found.dataset.facts.features


def test_quoted_fields_hold_delimiters_quotes_and_lines() -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["text", "y"], ['a, "b"\nc', 1], ["d", 2], ['a, "b"\nc', 1], ["d", 2]])
    assert accepted(file.getvalue()).columns[0].levels == ('a, "b"\nc', "d")


def test_single_quotes() -> None:
    found = accepted("'a, b',1,'x'\n'c',2,'y'\n'a, b',3,'x'\n")
    assert found.options.quote == "'"
    assert found.columns[0].levels == ("a, b", "c")


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("a,b\n1,2\n3,4\n", True),
        ("1,2\n3,4\n5,6\n", False),
        ("1,x\n2,y\n3,x\n", False),
        ("colour,kind\nred,a\nblue,b\nred,b\n", True),
        ("red,a\nblue,b\nred,b\n", False),
        ("a,NA\n1,2\n3,4\n", True),
        ("1,NA\n3,4\n5,6\n", False),
    ],
)
def test_the_header_is_found(content: str, header: bool) -> None:
    options = {"target": 0, "task": "regression"} if "1" in content else {}
    assert accepted(content, **options).options.header is header


def test_a_first_row_with_the_name_of_the_target_is_a_header() -> None:
    content = "a,b,y\nx,b,x\nz,c,y\nx,b,x\n"
    assert accepted(content, target="y").options.header is True
    assert accepted(content, target=2).options.header is False


def test_what_is_said_goes_before_what_is_found() -> None:
    content = "2000;2001;2002\n1,5;2,5;0\n3,5;4,5;1\n5,5;6,5;1\n"
    found = accepted(content, header=True, target=0, task="regression", categorical=["2002"], scaling="none")
    assert found.target_names == ("2000",)
    assert found.arrays["y"].tolist() == [1.5, 3.5, 5.5]
    assert [column.kind for column in found.columns] == ["number", "category"]
    assert found.scaling == "none"
    assert accepted("a b\n1 0\n2 1\n", delimiter=" ").feature_names == ("a",)
    assert accepted("a,y\n-9,0\n2,1\n", missing=["-9"]).columns[0].missing


def test_numbers_that_fit_a_byte_stay_bytes() -> None:
    assert accepted("a,b,label\n0,255,1\n7,8,0\n9,1,1\n").arrays["x"].dtype == np.uint8
    assert accepted("a,b,label\n0,-255,1\n7,8,0\n9,1,1\n").arrays["x"].dtype == np.int16
    assert accepted("a,b,label\n0,0.5,1\n7,8,0\n9,1,1\n").arrays["x"].dtype == np.float64


def test_an_underscore_makes_no_number() -> None:
    assert rejected("a,y\n1_000,0\n2,1\n3,0\n").reasons[0].found == '"1_000"'


def test_numbers_over_many_chunks() -> None:
    numbers = np.random.default_rng(0).normal(size=(70_000, 3))
    content = "".join(f"{a!r},{b!r},{c!r}\n" for a, b, c in numbers.tolist())
    found = accepted(content)
    assert found.task == "regression"
    np.testing.assert_array_equal(found.arrays["x"], numbers[:, :2])
    np.testing.assert_array_equal(found.arrays["y"], numbers[:, 2])


def test_names_come_once() -> None:
    found = accepted("a,a,a_2,,y\n1,2,3,4,0\n5,6,7,8,1\n")
    assert found.feature_names == ("a", "a_3", "a_2", "column_3")
    assert "A second column" in messages(found)[0]


def test_an_empty_column_is_ignored() -> None:
    found = accepted("a,b,y,\n1,,0,\n5,NA,1,\n", target="y")
    assert found.feature_names == ("a",)
    assert found.options.ignore == ("b", "column_3")
    assert len(found.warnings) == 2


def test_ragged_rows_are_named_by_their_lines() -> None:
    found = rejected("a,b,y\n1,2,0\n1,2\n\n3,4,1,5\n5,6,1\n")
    assert [(reason.row, reason.found) for reason in found.reasons] == [(3, "2 fields"), (5, "4 fields")]
    assert found.reasons[0].expected.startswith("3 fields")
