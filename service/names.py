"""The rule for names that users give to experiments, data sets, keys and links."""

from __future__ import annotations

from typing import Any

from engine.errors import InvalidSpec
from engine.spec.rules import Nullable, problem

__all__ = ["MAX_NAME", "Name", "check_name"]

MAX_NAME = 200


class Name:
    """A string of limited length."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > MAX_NAME:
            raise problem("type", f"Must be a string of at most {MAX_NAME} characters, or null.")
        return value


_NAME = Nullable(Name())


def check_name(value: Any) -> str | None:
    """Return the field ``name`` of a document, None if there is none; raises InvalidSpec."""
    try:
        name: str | None = _NAME.check(value)
    except InvalidSpec as error:
        raise InvalidSpec([found.below("name") for found in error.problems]) from error
    return name
