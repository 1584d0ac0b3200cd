"""Read a change to an uploaded data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.spec.rules import Flag, check_fields, rule
from service.http.json_documents import read_document

__all__ = ["DatasetChange", "read_change"]


@dataclass(frozen=True, slots=True)
class DatasetChange:
    """New values of a data set; raises InvalidSpec."""

    shared: bool = field(metadata=rule(Flag()))

    def __post_init__(self) -> None:
        check_fields(self)


def read_change(document: Mapping[str, Any]) -> DatasetChange:
    """Read the change in a document; raises InvalidSpec with every problem found."""
    return read_document(DatasetChange, document, {"shared": False})
