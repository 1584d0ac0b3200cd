"""What several test modules use is in a module of its own, which is not called a test."""

import re

from tests.architecture.source_tree import ROOT

KNOWN = {"tests/engine/test_textbook_completeness.py", "tests/clients/test_compiled_clients.py"}
"""Modules that look at the cases of another test."""


def test_no_test_imports_from_another_test() -> None:
    importing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^from tests\.\S*\.test_\w+ import", path.read_text(), re.MULTILINE)
    }
    assert importing - KNOWN == set()
