"""Files as the tests write them, and what comes of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from service.datasets.reading.options import Options
from service.datasets.reading.parse import parse
from service.datasets.reading.results import Parsed, Rejected

__all__ = ["accepted", "codes", "messages", "outcome", "rejected"]


def outcome(content: str | bytes, **options: Any) -> Parsed | Rejected:
    """What a file of this content is read as."""
    data = content.encode() if isinstance(content, str) else content
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "upload"
        path.write_bytes(data)
        return parse(path, Options.from_document(options))


def accepted(content: str | bytes, **options: Any) -> Parsed:
    """What a good file is read as; its arrays make a data set, and its options read it again as the same."""
    found = outcome(content, **options)
    assert isinstance(found, Parsed), found
    assert found.dataset.task == found.task
    again = outcome(content, **found.options.document())
    assert isinstance(again, Parsed), again
    assert again.options == found.options
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: array.tobytes() for name, array in found.arrays.items()
    }
    return found


def codes(found: Parsed) -> list[str]:
    """The codes of the warnings."""
    return [warning.code for warning in found.warnings]


def messages(found: Parsed) -> list[str]:
    """The messages of the warnings."""
    return [warning.message for warning in found.warnings]


def rejected(content: str | bytes, **options: Any) -> Rejected:
    """Why a bad file is refused: in few reasons with few words each, and with advice."""
    found = outcome(content, **options)
    assert isinstance(found, Rejected), found
    assert 1 <= len(found.reasons) <= 20
    assert found.advice.endswith(".")
    for reason in found.reasons:
        assert reason.found
        assert reason.expected
        assert (reason.found + reason.expected).isprintable()
    return found
