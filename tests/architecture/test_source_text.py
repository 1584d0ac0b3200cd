"""What may not stand in any file of the project."""

import ast
import re

import pytest

from tests.architecture.source_tree import relative, source_files

# Each is written so that this file does not match itself.
FORBIDDEN = {
    "work left for later": r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b",
    "a package registry's host": r"pypi[.]or[g]|python[h]osted|registry[.]npm[j]s|deb[.]debia[n]",
    "a path of somebody's machine": r"(?<![\w.])/(?:wor[k]|far[m]|roo[t])/|/opt/whee[l]s|[.][.]/share[d]",
}

SUPPRESSION = re.compile(r"#\s*(?:noq[a]|type:\s*ignor[e]|pragm[a]|fmt:\s*of[f])")
REASONED = re.compile(
    r"# noq[a]: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)* - \w+|# type: ignor[e]\[[\w, -]+\]\s+# \w+|# pragm[a]: .* - \w+"
)

# Only these end a transaction: everyone else is handed one.
COMMITTERS = ("service/storage/database.py", "service/execution/", "migrations/env.py", "tests/")


def lines_with(pattern: re.Pattern[str], suffix: str = "") -> list[tuple[str, str]]:
    found = []
    for path in source_files(suffix):
        text = path.read_bytes()
        if b"\0" in text:
            continue
        for number, line in enumerate(text.decode().splitlines(), start=1):
            if pattern.search(line):
                found.append((f"{relative(path)}:{number}", line.strip()))
    return found


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    assert lines_with(re.compile(FORBIDDEN[what])) == []


def test_every_suppression_gives_its_reason() -> None:
    suppressions = lines_with(SUPPRESSION, ".py")
    assert [(place, line) for place, line in suppressions if not REASONED.search(line)] == []


def test_only_the_database_module_commits() -> None:
    commits = [
        f"{relative(path)}:{node.lineno}"
        for path in source_files(".py")
        if not relative(path).startswith(COMMITTERS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert commits == []


def test_the_wall_clock_is_read_in_one_place() -> None:
    wall_clock = re.compile(
        r"\b(time\.(time|time_ns|localtime|gmtime)|datetime\.(now|utcnow|today)|date\.today)\b"
    )
    readers = {
        place.partition(":")[0]
        for place, _ in lines_with(wall_clock, ".py")
        if place.startswith(("engine/", "service/"))
    }
    assert readers == {"service/storage/database.py"}
