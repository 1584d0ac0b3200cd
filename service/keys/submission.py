"""Read the document of a new key: the new key, or every problem of it.

Pure, like the reading of new experiments.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.records import MOST_UNKNOWN
from engine.spec.rules import Choice, Integer, Nullable, check_fields, problem, rule
from service.access.caller import SCOPES, Limits, Scope
from service.http.json_documents import read_document
from service.names import Name

__all__ = [
    "DEFAULT_SCOPES",
    "LARGEST_LIMIT",
    "MAX_KEY_SECONDS",
    "MAX_OWNER",
    "OWNER",
    "NewKey",
    "check_group",
    "read_limits",
    "read_new_key",
]

MAX_OWNER = 64
MAX_KEY_SECONDS = 10 * 366 * 24 * 60 * 60
LARGEST_LIMIT = 2**53
DEFAULT_SCOPES: tuple[Scope, ...] = ("read", "write")
OWNER = rf"[A-Za-z0-9][A-Za-z0-9._@-]{{0,{MAX_OWNER - 1}}}"
_LIMIT_NAMES = tuple(each.name for each in dataclasses.fields(Limits))


class _Owner:
    """The owner a key stands for, created by its first key."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(OWNER, value):
            message = (
                f"Must be 1 to {MAX_OWNER} letters, digits or the characters . _ @ -, beginning with a "
                "letter or digit."
            )
            raise problem("type", message)
        return value


class _Scopes:
    """Scopes of a key."""

    def check(self, value: Any) -> tuple[Scope, ...]:
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= len(SCOPES):
            raise problem("type", f"Must be a list of scopes: {', '.join(SCOPES)}.")
        given = {Choice(SCOPES).check(each) for each in value}
        return tuple(each for each in SCOPES if each in given)


class _Limits:
    """The key's own limits: an object that has those which are not to be the settings'."""

    def check(self, value: Any) -> dict[str, int]:
        if not isinstance(value, Mapping):
            raise problem("type", f"Must be an object with any of these fields: {', '.join(_LIMIT_NAMES)}.")
        limits: dict[str, int] = {}
        problems: list[SpecProblem] = []
        for name, limit in list(value.items())[:MOST_UNKNOWN]:
            if limit is None and name in _LIMIT_NAMES:
                continue
            try:
                Choice(_LIMIT_NAMES).check(name)
                limits[name] = Integer(minimum=1, maximum=LARGEST_LIMIT).check(limit)
            except InvalidSpec as error:
                problems += [found.below(name[:80]) for found in error.problems]
        if problems:
            raise InvalidSpec(problems)
        return limits


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that is to be made; raises InvalidSpec with every problem of its fields."""

    owner: str = field(metadata=rule(_Owner()))
    name: str | None = field(default=None, metadata=rule(Nullable(Name())))
    scopes: tuple[Scope, ...] = field(default=DEFAULT_SCOPES, metadata=rule(_Scopes()))
    expires_in_seconds: int | None = field(
        default=None, metadata=rule(Nullable(Integer(minimum=1, maximum=MAX_KEY_SECONDS)))
    )
    limits: Mapping[str, int] = field(default_factory=dict, metadata=rule(_Limits()))

    def __post_init__(self) -> None:
        check_fields(self)


def read_new_key(document: Mapping[str, Any]) -> NewKey:
    """Read the document of a new key; raises InvalidSpec with every problem found."""
    return read_document(NewKey, document, {"owner": "nobody"})


def read_limits(document: Mapping[str, Any]) -> dict[str, int | None]:
    """Limits as a document gives them, None for those that are to be removed; raises InvalidSpec."""
    limits = _Limits().check(document)
    return {name: limits.get(name) for name in document}


def check_group(name: str) -> str:
    """The name of a group, which follows the rule for owners; raises InvalidSpec."""
    return _Owner().check(name)
