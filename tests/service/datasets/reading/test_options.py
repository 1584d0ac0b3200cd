import subprocess
import sys

import pytest

from engine.errors import InvalidSpec
from service.datasets.reading.options import Options


def problems(document: dict[str, object]) -> dict[str, str]:
    with pytest.raises(InvalidSpec) as caught:
        Options.from_document(document)
    return {found.pointer: found.message for found in caught.value.problems}


def test_what_is_left_open_is_auto() -> None:
    assert Options() == Options.from_document({})
    assert Options.from_document({"target": "auto", "delimiter": None, "header": "auto"}) == Options()
    document = Options().document()
    assert document["format"] == document["target"] == document["missing"] == "auto"
    assert document["weight"] is None
    assert document["ignore"] == []


@pytest.mark.parametrize(
    "document",
    [
        {"target": "price", "task": "regression", "decimal": ",", "delimiter": "tab"},
        {"target": ["a", "b", -1], "ignore": [0, "id"], "weight": "w", "split": "part", "group": 3},
        {"scaling": {"divide_by": 255}, "format": "npz"},
        {"header": "summary", "missing": ["", "?"], "quote": "none", "encoding": "cp1252"},
        {"header": False, "categorical": ["zip"], "numeric": ["age"]},
    ],
)
def test_what_is_echoed_is_accepted_and_means_the_same(document: dict[str, object]) -> None:
    options = Options.from_document(document)
    assert options != Options()
    assert Options.from_document(options.document()) == options


def test_every_problem_is_told_with_its_place() -> None:
    found = problems(
        {
            "format": "xlsx",
            "delimiter": "ab",
            "header": "yes",
            "encoding": "utf-9",
            "target": [],
            "task": "clasification",
            "scaling": {"divide_by": 0},
            "ignore": ["a", True],
            "group": "\0",
            "missing": [1],
        }
    )
    assert sorted(found) == [
        "#/delimiter",
        "#/encoding",
        "#/format",
        "#/group",
        "#/header",
        "#/ignore/1",
        "#/missing/0",
        "#/scaling/divide_by",
        "#/target",
        "#/task",
    ]
    assert 'Did you mean "classification"?' in found["#/task"]
    assert 'Did you mean "utf-8"?' in found["#/encoding"]


def test_an_unknown_option_is_refused_with_the_closest_there_is() -> None:
    assert 'Did you mean "delimiter"?' in problems({"delimeter": ","})["#/delimeter"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"target": "a", "ignore": ["a"]}, "#/ignore"),
        ({"target": ["a", "a"]}, "#/target"),
        ({"weight": "w", "group": "w"}, "#/group"),
        ({"categorical": ["a"], "numeric": ["a"]}, "#/categorical"),
    ],
)
def test_what_contradicts_itself_is_refused(document: dict[str, object], pointer: str) -> None:
    assert list(problems(document)) == [pointer]


def test_options_come_without_numpy() -> None:
    program = "import service.datasets.reading.options, sys; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
