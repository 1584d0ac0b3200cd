"""Nothing is too long to be read at once."""

import ast

from tests.architecture.source_tree import relative, source_files

FILE_LINES = 250
LARGEST_FILE_LINES = 400
FUNCTION_LINES = 60

# A file that reads better whole, up to LARGEST_FILE_LINES; each with its reason.
LONG_FILES: dict[str, str] = {}

# Alembic writes a revision once and nobody edits it afterwards.
UNMEASURED = "migrations/versions/"

PYTHON_FILES = [path for path in source_files(".py") if not relative(path).startswith(UNMEASURED)]


def test_no_file_is_too_long() -> None:
    lines = {relative(path): len(path.read_text().splitlines()) for path in PYTHON_FILES}
    limits = {name: LARGEST_FILE_LINES if name in LONG_FILES else FILE_LINES for name in lines}
    assert {name: count for name, count in lines.items() if count > limits[name]} == {}


def test_the_exceptions_are_needed() -> None:
    lines = {relative(path): len(path.read_text().splitlines()) for path in PYTHON_FILES}
    assert [name for name in LONG_FILES if lines.get(name, 0) <= FILE_LINES] == []


def test_no_function_is_too_long() -> None:
    lines = {
        f"{relative(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in PYTHON_FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}
