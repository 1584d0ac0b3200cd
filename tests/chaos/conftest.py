"""What the tests of this folder have in common: they take long, and they leave nothing running."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.harness import Session

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker(pytest.mark.chaos)
    # The longest begin first and in processes of their own: each process is handed two tests to begin with.
    longest = [item for item in ours if item.path.name == "test_soak.py"]
    others = [item for item in items if item not in longest]
    begin = [item for pair in zip(longest, others, strict=False) for item in pair]
    items[:] = begin + [item for item in longest + others if item not in begin]


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Kill what a test leaves running, whether it passes or fails, and show what that said."""
    before = list(Session.living)
    yield
    for session in [session for session in Session.living if session not in before]:
        session.kill()
        sys.stderr.write(f"== {session.process.args!r}\n{session.log}\n")
