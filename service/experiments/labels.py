"""Name, metadata and priority of an experiment: the fields beside its specification.

Each function returns what may be stored, or raises InvalidSpec with every problem of its field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.rules import Integer, Nullable, Real, Rule

__all__ = [
    "DEFAULT_PRIORITY",
    "MAX_METADATA_PAIRS",
    "MAX_PRIORITY",
    "MIN_PRIORITY",
    "check_metadata",
    "check_priority",
    "check_time_limit",
]

MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY = 64
MAX_METADATA_VALUE = 512
MIN_PRIORITY, MAX_PRIORITY = -100, 100
DEFAULT_PRIORITY = 0

_PRIORITY = Integer(minimum=MIN_PRIORITY, maximum=MAX_PRIORITY)
_TIME_LIMIT = Nullable(Real(above=0))


def check_priority(value: Any) -> int:
    """A place in the queue: the higher, the sooner."""
    priority: int = _checked(_PRIORITY, value, "priority")
    return priority


def check_time_limit(value: Any) -> float | None:
    """Seconds of training after which a run ends, or None."""
    limit: float | None = _checked(_TIME_LIMIT, value, "time_limit_seconds")
    return limit


def check_metadata(value: Any) -> Mapping[str, str]:
    """Labels."""
    if not isinstance(value, Mapping):
        _refuse("type", "Must be an object whose values are strings.", "metadata")
    problems = list(_metadata_problems(value))
    if problems:
        raise InvalidSpec(problems)
    return value


def _metadata_problems(pairs: Mapping[str, Any]) -> Iterator[SpecProblem]:
    if len(pairs) > MAX_METADATA_PAIRS:
        yield SpecProblem(("metadata",), "too_many", f"Must have at most {MAX_METADATA_PAIRS} pairs.")
        return
    for key, value in pairs.items():
        if not 1 <= len(key) <= MAX_METADATA_KEY:
            message = f"A key must have 1 to {MAX_METADATA_KEY} characters."
            yield SpecProblem(("metadata", key[:80]), "range", message)
        if not (isinstance(value, str) and len(value) <= MAX_METADATA_VALUE):
            message = f"Must be a string of at most {MAX_METADATA_VALUE} characters."
            yield SpecProblem(("metadata", key[:80]), "type", message)


def _checked(rule: Rule, value: Any, name: str) -> Any:
    try:
        return rule.check(value)
    except InvalidSpec as error:
        raise InvalidSpec(
            SpecProblem((name, *found.path), found.code, found.message) for found in error.problems
        ) from error


def _refuse(code: str, message: str, *path: str) -> NoReturn:
    raise InvalidSpec([SpecProblem(path, code, message)])
