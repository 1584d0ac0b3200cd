"""The specification's JSON schema, derived from the rules of ``engine.spec``, so that the two cannot differ.

The models describe; they check nothing. A specification is checked by ``engine.spec`` itself, which names every
wrong place in plain words.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, create_model
from pydantic_core.core_schema import CoreSchema, definitions_schema

from engine.spec import rules, to_document
from engine.spec.experiment import ScalingRule
from engine.spec.records import Record, Records, Variant
from engine.spec.splits import AutoFlag, SplitRule
from engine.spec.variants import Divide
from service.experiments.words import FIELD_EXAMPLES, FIELD_WORDS

__all__ = ["DescribedBy", "model_of"]


class DescribedBy:
    """Annotation for a document that the OpenAPI document describes as this model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Stand in for the annotated type's own schema."""
        # Wrapped, since a schema handed over bare would be written out here instead of under its name.
        return handler(definitions_schema(self._model.__pydantic_core_schema__, []))


_MODELS: dict[type[Any], type[BaseModel]] = {}


def model_of(kind: type[Any]) -> type[BaseModel]:
    """The one model that describes a record of ``engine.spec``: its fields, bounds, defaults and their meaning."""
    if kind not in _MODELS:
        _MODELS[kind] = _make_model(kind)
    return _MODELS[kind]


def _make_model(kind: type[Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    if isinstance(name := getattr(kind, "name", None), str):
        fields["name"] = (Literal[name], Field())
    for field in dataclasses.fields(kind):
        fields[rules.json_name(field)] = (_type_of(rules.rule_of(field)), _described(kind, field))
    summary = (kind.__doc__ or "").partition("\n")[0]
    config = ConfigDict(extra="forbid", protected_namespaces=())
    return create_model(kind.__name__, __config__=config, __doc__=summary, **fields)


def _described(kind: type[Any], field: dataclasses.Field[Any]) -> Any:
    words = FIELD_WORDS.get(kind.__name__, {}).get(rules.json_name(field))
    if field.default is dataclasses.MISSING:
        example = FIELD_EXAMPLES.get(kind.__name__, {}).get(rules.json_name(field))
        return Field(description=words, examples=None if example is None else [example])
    return Field(default=to_document(field.default), description=words)


@functools.singledispatch
def _type_of(_rule: Any) -> Any:
    """The type of a value that obeys a rule; anything for a rule not known here, which a test refuses."""
    return Any


@_type_of.register
def _(rule: rules.Integer) -> Any:
    return Annotated[int, Field(ge=rule.minimum, le=rule.maximum)]


@_type_of.register
def _(rule: rules.Real) -> Any:
    return Annotated[float, Field(ge=rule.minimum, le=rule.maximum, gt=rule.above, lt=rule.below)]


@_type_of.register
def _(_rule: rules.Flag) -> Any:
    return bool


@_type_of.register
def _(rule: rules.Choice) -> Any:
    return Literal[(*rule.allowed, *rule.aliases)]


@_type_of.register
def _(rule: rules.Nullable) -> Any:
    return _type_of(rule.inner) | None


@_type_of.register
def _(rule: Record) -> Any:
    return model_of(rule.kind)


@_type_of.register
def _(rule: Records) -> Any:
    shorthand = next(field for field in dataclasses.fields(rule.item.kind) if field.name == rule.shorthand)
    item = _type_of(rules.rule_of(shorthand)) | model_of(rule.item.kind)
    return Annotated[list[item], Field(max_length=rule.maximum)]  # type: ignore[valid-type]  # made at run time


@_type_of.register
def _(rule: Variant) -> Any:
    # A name alone stands for a variant with its defaults, so one that lacks some is not among them.
    whole = [name for name, kind in rule.parametric.items() if not rules.required_names(kind)]
    names: Any = Literal[(*rule.plain.allowed, *rule.plain.aliases, *whole)]
    return functools.reduce(operator.or_, map(model_of, rule.parametric.values()), names)


@_type_of.register
def _(rule: SplitRule) -> Any:
    return functools.reduce(operator.or_, map(model_of, rule.KINDS.values()))


@_type_of.register
def _(rule: rules.Name) -> Any:
    return Annotated[str, Field(pattern=rule.PATTERN, max_length=rule.maximum)]


@_type_of.register
def _(_rule: AutoFlag) -> Any:
    return Literal["auto"] | bool


@_type_of.register
def _(rule: ScalingRule) -> Any:
    return _type_of(rule.words) | model_of(Divide)
