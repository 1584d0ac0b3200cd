"""The documents have a line for every revision."""

import re
from pathlib import Path

import pytest

from engine.revision import ENGINE_REVISION
from service.datasets.revision import READER_REVISION

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("document", "heading", "revision"),
    [
        ("numerics.md", "### Revisions of the engine", ENGINE_REVISION),
        ("api.md", "### Revisions of the reader", READER_REVISION),
    ],
)
def test_every_revision_has_a_line(document: str, heading: str, revision: int) -> None:
    text = (ROOT / "docs" / document).read_text().split(heading, 1)[1].split("\n## ", 1)[0]
    lines = re.findall(r"^\| (\d+) \| \S.* \| \S.* \|$", text, re.MULTILINE)
    assert [int(line) for line in lines] == list(range(1, revision + 1))
