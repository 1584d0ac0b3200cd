"""Read the document of a new link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.spec.rules import Integer, Nullable, check_fields, rule
from service.http.json_documents import read_document
from service.keys.submission import MAX_KEY_SECONDS
from service.names import Name

__all__ = ["NewLink", "read_new_link"]


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that is to be made; raises InvalidSpec with every problem of its fields."""

    name: str | None = field(default=None, metadata=rule(Nullable(Name())))
    expires_in_seconds: int | None = field(
        default=None, metadata=rule(Nullable(Integer(minimum=1, maximum=MAX_KEY_SECONDS)))
    )

    def __post_init__(self) -> None:
        check_fields(self)


def read_new_link(document: Mapping[str, Any]) -> NewLink:
    """Read the document of a new link; raises InvalidSpec with every problem found."""
    return read_document(NewLink, document, {})
