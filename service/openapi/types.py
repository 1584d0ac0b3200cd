"""Types that client generators need spelled out: named enumerations and number formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["PREFIX", "type_precisely"]

PREFIX = "#/components/schemas/"

_LARGEST_INT32 = 2**31 - 1
_VIEWS = re.compile("(Read|Create|Form)$")


def type_precisely(document: dict[str, Any]) -> None:
    """Name every enumeration and size every number; the document is changed in place."""
    _name_enumerations(document)
    for schema in _dicts(document):
        if schema.get("type") == "integer":
            # Without a format, generators for Java and C# take 32 bits.
            fits = schema.get("maximum", 2**63) <= _LARGEST_INT32
            schema["format"] = "int32" if fits else "int64"
        elif schema.get("type") == "number":
            # Generators for Go take 32 bits, those for Java a decimal of any length.
            schema["format"] = "double"


def _name_enumerations(document: dict[str, Any]) -> None:
    """Move inline enumerations to the components, one for equal values."""
    schemas = document["components"]["schemas"]
    names = {_values(schema): name for name, schema in schemas.items() if "enum" in schema}
    found = [(owner, field, each) for owner, field, each in _written_out(document) if len(each["enum"]) > 1]
    places: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for owner, field, each in found:
        places.setdefault(_values(each), []).append((owner, field))
    for values, where in places.items():
        if values not in names:
            names[values] = name = _name(where, schemas)
            field = where[0][1]
            schemas[name] = {
                "type": "string",
                "enum": list(values),
                "title": name,
                "description": f"Possible values of `{field}`.",
            }
    # Schemas that are made of others share their parts.
    for each in {id(each): each for _, _, each in found}.values():
        reference = {"$ref": PREFIX + names[_values(each)]}
        kept = {key: value for key, value in each.items() if key in {"description", "examples"}}
        each.clear()
        each.update(reference | kept)


def _name(where: list[tuple[str, str]], schemas: dict[str, Any]) -> str:
    """The field's name if several schemas have the same values, else that of the schema and the field."""
    owner, field = where[0]
    short, plain = _VIEWS.sub("", owner), _camel(field)
    is_alone = len({_VIEWS.sub("", each) for each, _ in where}) == 1
    candidates: tuple[str, ...] = (*(() if is_alone else (plain,)), short + plain, owner + plain)
    return next(name for name in candidates if name not in schemas)


def _camel(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", text))


def _written_out(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every enumeration below a field of a schema or a parameter, with its owner, field and schema."""
    for owner, schema in list(document["components"]["schemas"].items()):
        for field, described in schema.get("properties", {}).items():
            yield from ((owner, field, each) for each in _dicts(described) if "enum" in each)
        for form in schema.get("anyOf", ()):
            yield from ((owner, "word", each) for each in _dicts(form) if "enum" in each)
    for path in document["paths"].values():
        for operation in path.values():
            owner = _camel(operation["operationId"])
            for parameter in operation.get("parameters", ()):
                described = parameter["schema"]
                yield from ((owner, parameter["name"], each) for each in _dicts(described) if "enum" in each)


def _values(schema: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(schema["enum"])


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = [*value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _dicts(item)
