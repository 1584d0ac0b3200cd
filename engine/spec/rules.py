"""Rules a field of a specification obeys: check a value, give it back in its normal form.

Each dataclass of this package writes its bounds beside the field, as ``rule(...)`` metadata, so that a
specification checks itself however it was made and other descriptions of it (the REST schema, the docs)
can be compared with one source.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral as AnyInteger
from numbers import Real as AnyReal
from typing import Any, ClassVar, Protocol

from engine.errors import InvalidSpec, SpecProblem, did_you_mean
from engine.spec.foreign import word_instead

__all__ = [
    "Choice",
    "Flag",
    "Integer",
    "Integers",
    "Name",
    "Nullable",
    "Real",
    "Rule",
    "check_fields",
    "has_default",
    "json_name",
    "problem",
    "required_names",
    "rule",
    "rule_of",
    "takes_null",
]


class Rule(Protocol):
    """Checks one value."""

    def check(self, value: Any) -> Any:
        """Return the value in its normal form; raises InvalidSpec with paths relative to the value."""


def problem(code: str, message: str, *path: str | int) -> InvalidSpec:
    """An InvalidSpec with a single problem."""
    return InvalidSpec([SpecProblem(path, code, message)])


def _between(value: float, limits: Integer | Real) -> bool:
    above_minimum = limits.minimum is None or value >= limits.minimum
    below_maximum = limits.maximum is None or value <= limits.maximum
    return above_minimum and below_maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    """An integer within closed bounds."""

    minimum: int | None = None
    maximum: int | None = None

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, AnyInteger):
            raise problem("type", f"Must be an integer{self.bounds()}.")
        if not _between(int(value), self):
            raise problem("range", f"Must be an integer{self.bounds()}.")
        return int(value)

    def bounds(self) -> str:
        if self.maximum is None:
            return f" of at least {self.minimum}" if self.minimum is not None else ""
        return f" from {self.minimum} to {self.maximum}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A finite number; ``above`` and ``below`` are open bounds, ``minimum`` and ``maximum`` closed ones."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, AnyReal):
            raise problem("type", f"Must be a number{self.bounds()}.")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        inside = (self.above is None or number > self.above) and (self.below is None or number < self.below)
        if not (math.isfinite(number) and inside and _between(number, self)):
            raise problem("range", f"Must be a finite number{self.bounds()}.")
        return number

    def bounds(self) -> str:
        words = (
            ("greater than", self.above),
            ("at least", self.minimum),
            ("less than", self.below),
            ("at most", self.maximum),
        )
        limits = [f"{word} {limit:g}" for word, limit in words if limit is not None]
        return f", {' and '.join(limits)}" if limits else ""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise problem("type", "Must be true or false.")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words; ``aliases`` are accepted and turned into the word they stand for."""

    allowed: tuple[str, ...]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise problem("type", f"Must be one of: {', '.join(self.allowed)}.")
        word = self.aliases.get(value, value)
        if word not in self.allowed:
            raise problem("choice", self._refusal(value))
        return word

    def _refusal(self, value: str) -> str:
        """Suggestion for an unknown word; without one, every allowed word."""
        if instead := word_instead(value[:40], self.allowed):
            return instead
        if hint := did_you_mean(value, (*self.allowed, *self.aliases)):
            return f'"{value[:40]}" is unknown.{hint}'
        return f'"{value[:40]}" is not one of: {", ".join(self.allowed)}.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name given somewhere else: letters, digits and ``. / _ -``."""

    PATTERN: ClassVar[str] = "^[A-Za-z0-9._/-]+$"
    maximum: int

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise problem("type", "Must be a string.")
        if len(value) > self.maximum or re.fullmatch(self.PATTERN, value) is None:
            raise problem("range", f"Must be 1 to {self.maximum} letters, digits or the characters . / _ -.")
        return value


@dataclass(frozen=True, slots=True)
class Nullable:
    """None, or a value that obeys ``inner``."""

    inner: Rule

    def check(self, value: Any) -> Any:
        return None if value is None else self.inner.check(value)


@dataclass(frozen=True, slots=True)
class Integers:
    """A list of at least one integer, in rising order."""

    item: Integer
    maximum: int

    def check(self, value: Any) -> tuple[int, ...]:
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= self.maximum:
            raise problem("type", f"Must be a list of 1 to {self.maximum} integers.")
        numbers = tuple(self.item.check(number) for number in value)
        if list(numbers) != sorted(numbers):
            raise problem("range", "Must be in ascending order.")
        return numbers


def rule(which: Rule) -> dict[str, Rule]:
    """Field metadata that carries the rule."""
    return {"rule": which}


def rule_of(field: dataclasses.Field[Any]) -> Rule:
    """The rule a field obeys."""
    found: Rule = field.metadata["rule"]
    return found


def json_name(field: dataclasses.Field[Any]) -> str:
    """The field's name in JSON: ``lambda_`` is a Python spelling of ``lambda``."""
    return field.name.rstrip("_")


def has_default(field: dataclasses.Field[Any]) -> bool:
    """Whether the field may be left out."""
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def takes_null(field: dataclasses.Field[Any]) -> bool:
    """Whether the field's rule allows None."""
    try:
        rule_of(field).check(None)
    except InvalidSpec:
        return False
    return True


def required_names(kind: type[Any]) -> list[str]:
    """The JSON names of a dataclass's fields that have no default."""
    return [json_name(field) for field in dataclasses.fields(kind) if not has_default(field)]


def check_fields(record: Any) -> None:
    """Bring every field of a frozen dataclass into its normal form, in place; raises InvalidSpec with all problems."""
    problems: list[SpecProblem] = []
    for field in dataclasses.fields(record):
        try:
            value = rule_of(field).check(getattr(record, field.name))
        except InvalidSpec as error:
            problems += [found.below(json_name(field)) for found in error.problems]
        else:
            object.__setattr__(record, field.name, value)
    if problems:
        raise InvalidSpec(problems)
