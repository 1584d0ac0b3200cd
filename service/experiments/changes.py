"""Read a change to an experiment: a JSON merge patch (RFC 7396) of its changeable fields.

Pure, like the reading of new experiments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.records import MOST_UNKNOWN
from service.experiments.labels import DEFAULT_PRIORITY, check_metadata, check_priority
from service.experiments.submission import FIELDS
from service.http.json_documents import unknown_field
from service.names import check_name

__all__ = ["CHANGEABLE", "changed"]

CHANGEABLE = ("name", "metadata", "priority")


def changed(current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The new values of CHANGEABLE, given the current ones; raises InvalidSpec with every problem of the patch."""
    problems = [_refused(name) for name in patch if name not in CHANGEABLE][:MOST_UNKNOWN]
    target = _merged(current, patch)
    values: dict[str, Any] = {}
    for name, check, default in (
        ("name", check_name, None),
        ("metadata", check_metadata, {}),
        ("priority", check_priority, DEFAULT_PRIORITY),
    ):
        try:
            values[name] = check(target.get(name, default))
        except InvalidSpec as error:
            problems += error.problems
    if problems:
        raise InvalidSpec(problems)
    return values


def _refused(name: str) -> SpecProblem:
    if name in FIELDS:
        message = "Cannot be changed after creation; create a new experiment."
        return SpecProblem((name,), "fixed", message)
    return unknown_field(name, CHANGEABLE, label="Fields that can be changed")


def _merged(target: Any, patch: Any) -> Any:
    """The target as a merge patch changes it: a member that is null goes, an object is merged, the rest replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
