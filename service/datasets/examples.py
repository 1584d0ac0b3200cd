"""Examples of upload bodies for the OpenAPI document; each of them works."""

from __future__ import annotations

from typing import Any

from fastapi.openapi.models import Example

from service.datasets.schemas import DatasetForm

__all__ = ["ANNOUNCEMENTS", "BYTES_BODY", "FORM", "JSON", "PATCH_EXAMPLES", "UPLOAD_BODY"]

FORM, JSON, BYTES = "multipart/form-data", "application/json", "application/octet-stream"

_ROWS = "\n".join(f"{row % 7},{row * 3 % 11},{'yes' if row % 2 else 'no'}" for row in range(20))
_TABLE = f"width,height,label\n{_ROWS}\n"
_REFERENCE = "#/components/schemas/{}"


def _content(model: type[Any], name: str, value: Any) -> dict[str, Any]:
    return {"schema": {"$ref": _REFERENCE.format(model.__name__)}, "examples": {name: {"value": value}}}


ANNOUNCEMENTS: dict[str, Example] = {
    "a file sent in a separate request": {"value": {"target": "label", "name": "my table"}}
}
PATCH_EXAMPLES: dict[str, Example] = {"visible to all owners": {"value": {"shared": True}}}
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: _content(DatasetForm, "a table", {"file": _TABLE, "target": "label", "name": "my table"}),
        },
    }
}
BYTES_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            BYTES: {
                "schema": {"type": "string", "format": "binary"},
                "examples": {"a table": {"value": _TABLE}},
            }
        },
    }
}
