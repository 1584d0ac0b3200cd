"""Rules a field of a specification obeys: check a value, give it back in its normal form.

Each dataclass of this package writes its bounds beside the field, as ``rule(...)`` metadata, so that a
specification checks itself however it was made and other descriptions of it (the REST schema, the docs)
can be compared with one source.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral as AnyInteger
from numbers import Real as AnyReal
from typing import Any, Protocol

from engine.errors import InvalidSpec, SpecProblem, did_you_mean

__all__ = [
    "Choice",
    "Flag",
    "Integer",
    "Nullable",
    "Real",
    "Record",
    "Records",
    "Rule",
    "Variant",
    "check_fields",
    "json_name",
    "problem",
    "rule",
    "rule_of",
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
    """A whole number within closed bounds."""

    minimum: int | None = None
    maximum: int | None = None

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, AnyInteger):
            raise problem("type", f"Must be a whole number{self.bounds()}.")
        if not _between(int(value), self):
            raise problem("range", f"Must be a whole number{self.bounds()}.")
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
            hint = did_you_mean(value, (*self.allowed, *self.aliases))
            raise problem("choice", f'"{value[:40]}" is not one of: {", ".join(self.allowed)}.{hint}')
        return word


@dataclass(frozen=True, slots=True)
class Nullable:
    """None, or a value that obeys ``inner``."""

    inner: Rule

    def check(self, value: Any) -> Any:
        return None if value is None else self.inner.check(value)


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass of this package, given as itself or as a JSON object with its field names."""

    kind: type[Any]

    def check(self, value: Any) -> Any:
        if isinstance(value, self.kind):
            return value
        if not isinstance(value, Mapping):
            raise problem("type", "Must be an object.")
        fields = {json_name(field): field.name for field in dataclasses.fields(self.kind)}
        unknown = [name for name in value if name not in fields]
        if unknown:
            raise InvalidSpec(_unknown_field(str(name), tuple(fields)) for name in unknown)
        missing = [json_name(field) for field in dataclasses.fields(self.kind) if _is_required(field)]
        if absent := [name for name in missing if name not in value]:
            raise InvalidSpec(SpecProblem((name,), "missing", "This field is required.") for name in absent)
        return self.kind(**{fields[name]: item for name, item in value.items()})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _unknown_field(name: str, allowed: tuple[str, ...]) -> SpecProblem:
    message = f"Unknown field. Known here: {', '.join(allowed)}.{did_you_mean(name, allowed)}"
    return SpecProblem((name[:80],), "unknown_field", message)


@dataclass(frozen=True, slots=True)
class Records:
    """A list of records; an item that is not an object is handed to ``shorthand`` first."""

    item: Record
    shorthand: str
    maximum: int

    def check(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
            raise problem("type", "Must be a list.")
        items = tuple(value)
        if len(items) > self.maximum:
            raise problem("too_many", f"Must have at most {self.maximum} items; got {len(items)}.")
        records, problems = [], []
        for index, item in enumerate(items):
            try:
                records.append(self.item.check(self._expand(item)))
            except InvalidSpec as error:
                problems += [found.below(index) for found in error.problems]
        if problems:
            raise InvalidSpec(problems)
        return tuple(records)

    def _expand(self, item: Any) -> Any:
        if isinstance(item, (Mapping, self.item.kind)):
            return item
        return {self.shorthand: item}


@dataclass(frozen=True, slots=True)
class Variant:
    """A named variant: a bare name, or ``{"name": ..., parameters}`` for one that has parameters.

    ``plain`` are the names without parameters (kept as strings), ``parametric`` maps a name to its dataclass.
    """

    plain: Choice
    parametric: Mapping[str, type[Any]]

    def check(self, value: Any) -> Any:
        if isinstance(value, tuple(self.parametric.values())):
            return value
        if isinstance(value, Mapping):
            return self._from_object(value)
        if isinstance(value, str) and value in self.parametric:
            return self.parametric[value]()
        return self._names().check(value)

    def _names(self) -> Choice:
        return Choice((*self.plain.allowed, *self.parametric), self.plain.aliases)

    def _from_object(self, value: Mapping[str, Any]) -> Any:
        if "name" not in value:
            raise problem("missing", f"One of: {', '.join(self._names().allowed)}.", "name")
        try:
            name = self._names().check(value["name"])
        except InvalidSpec as error:
            raise InvalidSpec(found.below("name") for found in error.problems) from None
        parameters = {key: item for key, item in value.items() if key != "name"}
        if name in self.parametric:
            return Record(self.parametric[name]).check(parameters)
        if parameters:
            message = f'"{name}" has no parameters; give the name alone.'
            raise problem("unknown_field", message, next(iter(parameters)))
        return name


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
