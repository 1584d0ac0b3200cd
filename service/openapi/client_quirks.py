"""Work around the quirks of client generators.

The keyword ``default``: with it, openapi-typescript asks a caller for the field and promises it in every answer, and
openapi-python-client makes nothing at all of a record whose field has an object for a default. And ``const`` for one of
several forms: openapi-python-client reads no form behind it. An ``enum`` of one word says the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["make_plain"]

_PREFIX = "#/components/schemas/"


def make_plain(document: dict[str, Any]) -> None:
    """Change the document to make generated clients correct."""
    _say_defaults(document)
    schemas = document["components"]["schemas"]
    # A named one is also a form, wherever the name is.
    _spell_constants([{"anyOf": [*schemas.values()]}, *schemas.values()])


def _spell_constants(value: Any) -> None:
    if isinstance(value, dict):
        for form in value.get("anyOf", ()):
            if "const" in form:
                form["enum"] = [form.pop("const")]
        value = [*value.values()]
    if isinstance(value, list):
        for item in value:
            _spell_constants(item)


def _say_defaults(document: dict[str, Any]) -> None:
    """Move the defaults of request fields into their descriptions and drop all others."""
    schemas = document["components"]["schemas"]
    sent = _reachable(document)
    for name, schema in schemas.items():
        for field in schema.get("properties", {}).values():
            if "default" in field:
                default = field.pop("default")
                if name in sent and default is not None:
                    words = field.get("description") or _referenced(schemas, field).get("description", "")
                    field["description"] = f"{words} Default: `{json.dumps(_short(default))}`.".lstrip()


def _reachable(document: dict[str, Any]) -> set[str]:
    """Names of all schemas that a request body consists of."""
    schemas = document["components"]["schemas"]
    bodies = [
        operation["requestBody"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    found: set[str] = set()
    waiting = {name for body in bodies for name in _references(body)}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(_references(schemas[name])) - found
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference.removeprefix(_PREFIX)
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _referenced(schemas: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = schemas.get(field.get("$ref", "").removeprefix(_PREFIX), {})
    return schema


def _short(default: Any) -> Any:
    """The value without nulls, which mean the same as omitted fields."""
    if isinstance(default, list):
        return [_short(item) for item in default]
    if isinstance(default, dict):
        return {name: _short(item) for name, item in default.items() if item is not None}
    return default
