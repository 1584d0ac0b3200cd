"""docs/api.md has every code of a warning or a problem, and none that does not exist."""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from service.datasets.revision import OUTDATED
from service.execution.ledger.restart import RESTARTED
from tests.architecture.source_tree import ROOT

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SOURCES = [
    path.read_text(encoding="utf-8") for room in ("engine", "service") for path in (ROOT / room).rglob("*.py")
]
LITERALS = {each for text in SOURCES for each in re.findall(r'"([a-z0-9_]+)"', text)}

# What takes a code, and the place of the code among the arguments.
DATASETS = {"DatasetWarning": 0, "_warn": 0, "_each": 1}
EXPERIMENTS = {"SpecWarning": 0}
PROBLEMS = {"SpecProblem": 1, "InvalidParameter": 1, "problem": 0, "_refuse": 0, "_wrong_file": 0}


def made(callees: Mapping[str, int]) -> Iterator[str]:
    """The codes with which these are called; one that is passed on is found where it comes from."""
    for node in (node for text in SOURCES for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Call):
            place = callees.get(getattr(node.func, "id", getattr(node.func, "attr", "")), len(node.args))
            for argument in node.args[place : place + 1]:
                if isinstance(argument, ast.Constant) and argument.value:
                    yield str(argument.value)


def names(markdown: str) -> list[str]:
    return re.findall(r"`([a-z0-9_]+)`", markdown)


@pytest.mark.parametrize(
    ("start", "callees", "others"),
    [
        ("### Warnings of a data set", DATASETS, {OUTDATED}),
        ("`warnings` lists settings that are valid but probably not intended", EXPERIMENTS, {RESTARTED}),
    ],
)
def test_the_tables_of_warnings_are_complete(
    start: str, callees: Mapping[str, int], others: set[str]
) -> None:
    lines = API.split(start, 1)[1].split("\n|---|", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    table = names(" ".join(line.split("|")[1] for line in lines))
    assert sorted({*made(callees), *others} - set(table)) == []
    assert sorted(set(table) - LITERALS) == []
    assert len(table) == len(set(table))


def test_the_codes_of_problems_are_complete() -> None:
    listed = names(API.split("The codes of `errors` are stable:", 1)[1].split("\n\nEvery response", 1)[0])
    assert sorted(set(made(PROBLEMS)) - set(listed)) == []
    assert sorted(set(listed) - LITERALS) == []
