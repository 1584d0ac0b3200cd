"""Examples of responses, recorded by `make answers`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["add_examples"]

_RECORDED = Path(__file__).with_name("answers.json")


def add_examples(document: dict[str, Any]) -> None:
    """Add a recorded example to each response that has none; the document is changed in place."""
    recorded: dict[str, Any] = json.loads(_RECORDED.read_text(encoding="utf-8"))
    for path in document["paths"].values():
        for operation in path.values():
            for status, contents in recorded.get(operation["operationId"], {}).items():
                described = operation["responses"].get(status, {}).get("content", {})
                for media_type, content in contents.items():
                    if media_type in described:
                        described[media_type].setdefault("example", content)
