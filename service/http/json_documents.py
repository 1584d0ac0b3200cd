"""Read a JSON object as a dataclass whose fields have rules: the value, or every problem of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from engine.errors import InvalidSpec, SpecProblem, did_you_mean
from engine.spec.records import MOST_UNKNOWN
from engine.spec.rules import required_names

__all__ = ["read_document", "unknown_field"]

T = TypeVar("T")


def read_document(kind: type[T], document: Mapping[str, Any], stand_ins: Mapping[str, Any]) -> T:
    """The value that a document describes; raises InvalidSpec with every problem found.

    Null is as good as left out, except for a required field. ``stand_ins`` has a valid value for each of those, so
    that the rest is checked where one is missing.
    """
    fields = tuple(each.name for each in dataclasses.fields(kind))  # type: ignore[arg-type]  # a dataclass
    problems = [unknown_field(name, fields) for name in document if name not in fields][:MOST_UNKNOWN]
    required = required_names(kind)
    problems += [
        SpecProblem((name,), "missing", "This field is required.")
        for name in required
        if name not in document
    ]
    given = {name: document[name] for name in fields if document.get(name) is not None}
    given |= {name: None for name in required if name in document and document[name] is None}
    try:
        value = kind(**{**stand_ins, **given})
    except InvalidSpec as error:
        raise InvalidSpec([*problems, *error.problems]) from error
    if problems:
        raise InvalidSpec(problems)
    return value


def unknown_field(name: str, fields: Sequence[str], label: str = "Allowed") -> SpecProblem:
    """Return the problem of a field that is none of these; ``label`` says what they are."""
    hint = did_you_mean(name[:80], fields)
    return SpecProblem((name[:80],), "unknown_field", f"Unknown field. {label}: {', '.join(fields)}.{hint}")
