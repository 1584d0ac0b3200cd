"""Nothing is too long to be read at once."""

import ast

from tests.architecture.source_tree import relative, source_files

FILE_LINES = 400
FUNCTION_LINES = 60

# Alembic writes a revision once and nobody edits it afterwards.
UNMEASURED = "migrations/versions/"

PYTHON_FILES = [path for path in source_files(".py") if not relative(path).startswith(UNMEASURED)]


def test_no_file_is_too_long() -> None:
    lines = {relative(path): len(path.read_text().splitlines()) for path in PYTHON_FILES}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    lines = {
        f"{relative(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in PYTHON_FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}
