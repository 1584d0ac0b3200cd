"""Rules for values with parts: records, lists of records and named variants."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidSpec, SpecProblem, did_you_mean
from engine.spec.foreign import NEEDLESS, PARAMETERS, fields_instead, sizes_of
from engine.spec.rules import Choice, has_default, json_name, problem, required_names, takes_null

__all__ = ["MOST_UNKNOWN", "Record", "Records", "Variant", "Variants", "unknown_fields", "variant_name"]

# More would not be read, and each suggestion takes time to find.
MOST_UNKNOWN = 20
_MOST_PROBLEMS = 50


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
            raise InvalidSpec(unknown_fields(self.kind, value, unknown, tuple(fields)))
        if absent := [name for name in required_names(self.kind) if name not in value]:
            raise InvalidSpec(SpecProblem((name,), "missing", "This field is required.") for name in absent)
        unset = _unset_names(self.kind, [name for name, item in value.items() if item is None])
        given = {name: item for name, item in value.items() if name not in unset}
        return self.kind(**{fields[name]: item for name, item in given.items()})


def _unset_names(kind: type[Any], nulls: Collection[str]) -> set[str]:
    """Fields whose null means their default, as null is not one of their values."""
    if not nulls:
        return set()
    fields = {json_name(field): field for field in dataclasses.fields(kind)}
    return {name for name in nulls if has_default(fields[name]) and not takes_null(fields[name])}


def unknown_fields(
    kind: type[Any], document: Mapping[str, Any], unknown: Sequence[Any], allowed: Sequence[str]
) -> Iterator[SpecProblem]:
    """A problem per unknown field with a suggestion; without one, the first problem lists all fields."""
    told = False
    for name in map(str, unknown[:MOST_UNKNOWN]):
        hint = _instead(kind, name, document) or did_you_mean(name, allowed).strip()
        if not hint and not told:
            told, hint = True, f"Allowed: {', '.join(allowed)}."
        yield SpecProblem((name[:80],), "unknown_field", f"Unknown field. {hint}".rstrip())


def _instead(kind: type[Any], name: str, document: Mapping[str, Any]) -> str:
    """Replacement for another tool's field; empty if it is unknown."""
    fields = {json_name(field): field for field in dataclasses.fields(kind)}
    if "architecture" not in fields:
        return _instead_of_parameter(name, document, fields)
    context = {"optimizer": getattr(fields["optimizer"].default, "name", None), **document}
    for instead in fields_instead(name, context):
        try:
            Record(kind).check(instead)
        except InvalidSpec:
            continue
        return f"Write {json.dumps(instead)[1:-1]} instead."
    return NEEDLESS.get(name, "")


def _instead_of_parameter(name: str, document: Mapping[str, Any], fields: Collection[str]) -> str:
    if name == "weight_decay" and document.get("name", "sgd") in {"sgd", "rmsprop", "adam"}:
        return (
            'Omit it here. Beside the optimizer, set "penalty": "l2", "lambda_convention": '
            '"pytorch" and the value as "lambda".'
        )
    if name == "shuffle" and "validation" in fields:
        return 'Rows are shuffled by "seed"; set "by": "order" to keep their stored order.'
    if (instead := PARAMETERS.get(name)) in fields:
        return f'Write "{instead}" instead.'
    return NEEDLESS.get(name, "")


@dataclass(frozen=True, slots=True)
class Records:
    """A list of records; an item that is not an object is handed to ``shorthand`` first."""

    item: Record
    shorthand: str
    maximum: int

    def check(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
            raise problem("type", f"Must be a list.{self._as_list(value)}")
        items = tuple(value)
        if len(items) > self.maximum:
            raise problem("too_many", f"Must have at most {self.maximum} items; got {len(items)}.")
        records, problems = [], []
        for index, item in enumerate(items):
            try:
                records.append(self.item.check(self._expand(item)))
            except InvalidSpec as error:
                problems += [found.below(index) for found in error.problems]
                if len(problems) >= _MOST_PROBLEMS:
                    break
        if problems:
            raise InvalidSpec(problems)
        return tuple(records)

    def _as_list(self, value: Any) -> str:
        """The list that a number, or numbers between commas, must have been meant as."""
        try:
            instead = sizes_of(value) if isinstance(value, (str, int)) else [value]
            self.check(instead)
            return f" Write {json.dumps(instead)} instead."
        except (InvalidSpec, TypeError, ValueError):
            return ""

    def _expand(self, item: Any) -> Any:
        if isinstance(item, (Mapping, self.item.kind)):
            return item
        if isinstance(item, (str, list)):
            message = f'Must be a number of {self.shorthand}, or an object with "{self.shorthand}".'
            raise problem("type", message, self.shorthand)
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
            return Record(self.parametric[value]).check({})
        if not isinstance(value, str):
            example = json.dumps({"name": next(iter(self.parametric))})
            names = ", ".join(self._names().allowed)
            raise problem("type", f"Must be a name, or an object such as {example}. Names: {names}.")
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


def variant_name(variant: Any) -> str:
    """The name of a variant, whether it has parameters or is only a name."""
    return variant if isinstance(variant, str) else str(variant.name)


@dataclass(frozen=True, slots=True)
class Variants:
    """A list of at least one variant."""

    item: Variant
    maximum: int

    def check(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= self.maximum:
            raise problem("type", f"Must be a list of 1 to {self.maximum} items.")
        checked, problems = [], []
        for index, item in enumerate(value):
            try:
                checked.append(self.item.check(item))
            except InvalidSpec as error:
                problems += [found.below(index) for found in error.problems]
        if problems:
            raise InvalidSpec(problems)
        return tuple(checked)
