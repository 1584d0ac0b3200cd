"""docs/api.md has a line for every code of a warning, and no line for a code that does not exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.datasets.revision import OUTDATED
from service.execution.restart import RESTARTED

ROOT = Path(__file__).parents[2]
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for room in ("engine", "service")
    for path in (ROOT / room).rglob("*.py")
}
# The classes, and the functions through which their codes go.
DATASETS = {"DatasetWarning", "_warn", "_each"}
EXPERIMENTS = {"SpecWarning"}


def given(callees: set[str]) -> Iterator[str]:
    """The codes with which these are called: the first argument that reads like one."""
    for text in SOURCES.values():
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) in callees
            ):
                texts = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
                yield from [each for each in texts if re.fullmatch("[a-z0-9_]+", each)][:1]


@pytest.mark.parametrize(
    ("start", "callees", "others"),
    [
        ("### Warnings of a data set", DATASETS, {OUTDATED}),
        ("`warnings` names what is allowed and probably not meant", EXPERIMENTS, {RESTARTED}),
    ],
)
def test_the_table_of_codes_is_complete(start: str, callees: set[str], others: set[str]) -> None:
    after = (ROOT / "docs/api.md").read_text(encoding="utf-8").split(start, 1)[1]
    lines = after.split("\n|---|", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    table = re.findall(r"`([a-z0-9_]+)`", " ".join(line.split("|")[1] for line in lines))
    made = set(given(callees)) | others
    assert len(made) > 20, "the calls are not found any more"
    assert sorted(made - set(table)) == []
    literals = {each for text in SOURCES.values() for each in re.findall(r'"([a-z0-9_]+)"', text)}
    assert sorted(set(table) - literals) == []
    assert len(table) == len(set(table))
