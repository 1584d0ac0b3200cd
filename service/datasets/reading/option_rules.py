"""Rules for the options of a parse, in the manner of ``engine.spec.rules``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidSpec
from engine.spec.rules import Rule, problem

__all__ = [
    "LONGEST_NAME",
    "MOST_COLUMNS",
    "Character",
    "ColumnName",
    "ColumnNames",
    "ColumnReference",
    "Found",
    "Header",
    "OneOrMore",
    "Texts",
    "checked_item",
    "is_plain",
]

ColumnReference = str | int
"""A column by name or zero-based index; −1 is the last."""

MOST_COLUMNS = 65_536
LONGEST_NAME = 200
_UNFIT = "\r\n\0\"'+-._"


def is_plain(text: str) -> bool:
    """Whether a database and JSON can hold the text: no NUL, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


@dataclass(frozen=True, slots=True)
class Found:
    """None or ``auto``, for a value inferred from the file; else a value that obeys ``inner``."""

    inner: Rule

    def check(self, value: Any) -> Any:
        return (
            None if value is None or (isinstance(value, str) and value == "auto") else self.inner.check(value)
        )


@dataclass(frozen=True, slots=True)
class Character:
    """One character that separates fields."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise problem("type", 'Must be one character, or "tab".')
        character = "\t" if value in {"tab", "\\t"} else value
        separates = character.isascii() and not character.isalnum() and character not in _UNFIT
        if len(character) != 1 or not separates:
            raise problem(
                "range",
                'Must be one character that cannot be part of a number, such as "," ";" "|", or "tab".',
            )
        return character


@dataclass(frozen=True, slots=True)
class Header:
    """Whether the first row names the columns, or is the ``summary`` that scikit-learn's files begin with."""

    def check(self, value: Any) -> bool | str:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value == "summary":
            return "summary"
        raise problem("type", 'Must be "auto", true, false or "summary" (scikit-learn\'s first line).')


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column by name, or by number from 0; negative numbers count from the end."""

    def check(self, value: Any) -> ColumnReference:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise problem("type", "Must be the name of a column, or its zero-based index.")
        if isinstance(value, int) and not -MOST_COLUMNS <= value < MOST_COLUMNS:
            raise problem("range", f"Must be a zero-based column index below {MOST_COLUMNS}.")
        if isinstance(value, str) and not (1 <= len(value) <= LONGEST_NAME and is_plain(value)):
            raise problem("range", f"Must be a name of 1 to {LONGEST_NAME} characters.")
        return value


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """A list of columns."""

    def check(self, value: Any) -> tuple[ColumnReference, ...]:
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, (list, tuple)) or len(value) > MOST_COLUMNS:
            raise problem("type", "Must be a list of columns, each by name or zero-based index.")
        return tuple(checked_item(ColumnName(), item, place) for place, item in enumerate(value))


@dataclass(frozen=True, slots=True)
class OneOrMore:
    """A column, or a list of at least one."""

    def check(self, value: Any) -> ColumnReference | tuple[ColumnReference, ...]:
        if not isinstance(value, (list, tuple)):
            return ColumnName().check(value)
        if not value:
            raise problem("range", "Must name at least one column.")
        return ColumnNames().check(value)


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of short texts."""

    maximum: int

    def check(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, (list, tuple)) or len(value) > self.maximum:
            raise problem("type", f"Must be a list of at most {self.maximum} strings.")
        return tuple(checked_item(_Text(), item, place) for place, item in enumerate(value))


@dataclass(frozen=True, slots=True)
class _Text:
    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_NAME or not is_plain(value):
            raise problem("type", f"Must be a string of at most {LONGEST_NAME} characters.")
        return value


def checked_item(rule: Rule, value: Any, place: int) -> Any:
    """An item of a list, its problems told with its place."""
    try:
        return rule.check(value)
    except InvalidSpec as error:
        raise InvalidSpec(found.below(place) for found in error.problems) from None
