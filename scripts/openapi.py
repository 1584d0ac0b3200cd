"""The committed OpenAPI document, docs/openapi.json: how the service's own differs from it, and how to renew it.

python -m scripts.openapi            # says what the service would change in docs/openapi.json
python -m scripts.openapi --write    # changes it
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from service.app import create_app
from service.settings import Settings

__all__ = ["FILE", "changes", "committed", "served"]

FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"

Place = tuple[str, ...]
_LONGEST_VALUE = 120
_LEFT_OUT_WHERE_EMPTY = ("parameters", "required")
_METHODS = ("get", "put", "post", "patch", "delete")


def committed() -> dict[str, Any]:
    """The document as it is committed."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def served() -> dict[str, Any]:
    """The document as the service would give it out now."""
    document: dict[str, Any] = json.loads(json.dumps(create_app(Settings()).openapi()))
    return document


def changes(before: Any, after: Any) -> list[str]:
    """Everything that differs, one sentence each; empty where nothing does."""
    return [f"{_name(place)} {what}" for place, what in _walk(before, after, ())]


def _walk(before: Any, after: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _walk_members(before, after, place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _walk_items(before, after, place)
    else:
        yield place, f"is {_value(after)} now; it was {_value(before)}"


def _walk_members(before: dict[str, Any], after: dict[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
    for name in before | after:
        if name in _LEFT_OUT_WHERE_EMPTY and isinstance((before | after)[name], list):
            yield from _walk(before.get(name, []), after.get(name, []), (*place, name))
        elif name not in after:
            yield (*place, name), "is gone"
        elif name not in before:
            yield (*place, name), "is new"
        else:
            yield from _walk(before[name], after[name], (*place, name))


def _walk_items(before: list[Any], after: list[Any], place: Place) -> Iterator[tuple[Place, str]]:
    """A list as a set: of parameters by their names, of required fields, or of anything else by what it is."""
    if place[-1:] == ("required",):
        for name in (name for name in after if name not in before):
            yield (*place[:-1], "properties", name), "is required now"
        for name in (name for name in before if name not in after):
            yield (*place[:-1], "properties", name), "need not be there any more"
    elif place[-1:] == ("parameters",):
        yield from _walk_members(_by_name(before), _by_name(after), place)
    else:
        gone, new = (
            [item for item in one if item not in other] for one, other in ((before, after), (after, before))
        )
        yield from ((place, f"has lost {_value(item)}") for item in gone)
        yield from ((place, f"has gained {_value(item)}") for item in new)
        if not gone and not new:
            yield place, "has another order"


def _by_name(parameters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {f"{each['in']} parameter {each['name']}": each for each in parameters}


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _name(place: Place) -> str:
    """A place in the words of a reader: ``GET /v1/datasets, answer 200, …`` or ``schema Problem, field title``."""
    match place:
        case ("paths", path, method, *rest) if method in _METHODS:
            return ", ".join([f"{method.upper()} {path}", *_details(rest)])
        case ("paths", path, *rest):
            return ", ".join([path, *_details(rest)])
        case ("components", "schemas", schema, *rest):
            return ", ".join([f"schema {schema}", *_details(rest)])
    return ", ".join(place) or "the document"


def _details(rest: Sequence[str]) -> Iterator[str]:
    """What lies below an operation or a schema; words that only lead to the next one are left out."""
    kinds = {
        "responses": "answer",
        "properties": "field",
        "examples": "example",
        "content": "as",
        "links": "link",
    }
    parts = iter(rest)
    for part in parts:
        if part in kinds and (name := next(parts, None)) is not None:
            yield f"{kinds[part]} {name}"
        elif part != "parameters":
            yield part


def main() -> None:
    """Say what would change, and change it where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="renew docs/openapi.json")
    arguments = parser.parse_args()
    before = committed() if FILE.exists() else {}
    found = changes(before, served())
    print("\n".join(found) or "docs/openapi.json is what the service gives out.")
    if arguments.write:
        text = json.dumps(served(), indent=1, ensure_ascii=False)
        FILE.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
