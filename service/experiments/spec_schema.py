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
from typing_extensions import TypeAliasType

from engine.spec import Experiment, Layer, rules, to_document
from engine.spec.experiment import MAX_CLASS_DIGITS, ClassWeights, ScalingRule
from engine.spec.records import Record, Records, Variant, Variants
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
        fields[rules.json_name(field)] = (_named(kind, field), _described(kind, field))
    summary = (kind.__doc__ or "").partition("\n")[0]
    config = ConfigDict(extra="forbid", protected_namespaces=())
    return create_model(kind.__name__, __config__=config, __doc__=summary, **fields)


def _named(kind: type[Any], field: dataclasses.Field[Any]) -> Any:
    """The type of a field; one of several forms has the field's name, which generated clients show.

    That of a layer has the layer's before it where it differs from the experiment's.
    """
    rule = rules.rule_of(field)
    inner = rule.inner if isinstance(rule, rules.Nullable) else rule
    is_of_words = isinstance(inner, rules.Choice) and kind is Experiment
    if not (is_of_words or isinstance(inner, _OF_SEVERAL_FORMS)):
        return _type_of(rule)
    of_experiment = [
        rules.rule_of(each) for each in dataclasses.fields(Experiment) if each.name == field.name
    ]
    owner = Experiment if of_experiment[:1] in ([rule], [inner]) else kind
    named = _alias(owner, rules.json_name(field), inner)
    return named if inner is rule else named | None


_ALIASES: dict[str, Any] = {}


def _alias(owner: type[Any], field: str, rule: Any) -> Any:
    name = "".join(word.title() for word in field.split("_"))
    if owner is not Experiment:
        name = owner.__name__ + name
    if name not in _ALIASES:
        words = FIELD_WORDS[owner.__name__][field]
        type_ = _variant(rule, name) if isinstance(rule, Variant) else _type_of(rule)
        _ALIASES[name] = TypeAliasType(name, Annotated[type_, Field(description=words)])
    return _ALIASES[name]


def _variant(rule: Variant, name: str) -> Any:
    # A name alone stands for a variant with its defaults, so one that lacks some is not among them.
    whole = [each for each, kind in rule.parametric.items() if not rules.required_names(kind)]
    words: Any = Literal[(*rule.plain.allowed, *rule.plain.aliases, *whole)]
    described = Annotated[words, Field(description="Names that stand for themselves, with every default.")]
    names: Any = TypeAliasType(f"{name}Name", described)
    objects: Any = functools.reduce(operator.or_, map(model_of, rule.parametric.values()))
    if len(rule.parametric) > 1:
        objects = Annotated[objects, Field(discriminator="name")]
    return names | objects


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
def _(rule: Variants) -> Any:
    field = next(
        each for each in dataclasses.fields(Layer) if rules.rule_of(each) == rules.Nullable(rule.item)
    )
    item = _alias(Layer, rules.json_name(field), rule.item)
    return Annotated[list[item], Field(min_length=1, max_length=rule.maximum)]  # type: ignore[valid-type]  # made at run time


@_type_of.register
def _(rule: SplitRule) -> Any:
    return functools.reduce(operator.or_, map(model_of, rule.KINDS.values()))


@_type_of.register
def _(rule: rules.Integers) -> Any:
    return Annotated[list[_type_of(rule.item)], Field(min_length=1, max_length=rule.maximum)]  # type: ignore[misc]  # made at run time


@_type_of.register
def _(rule: ClassWeights) -> Any:
    labels: Any = {"propertyNames": {"pattern": f"^[0-9]{{1,{MAX_CLASS_DIGITS}}}$"}}
    weights: Any = dict[str, _type_of(rule.WEIGHT)]  # type: ignore[misc]  # made at run time
    return Literal["balanced"] | Annotated[weights, Field(json_schema_extra=labels)]


@_type_of.register
def _(rule: rules.Name) -> Any:
    return Annotated[str, Field(pattern=rule.PATTERN, max_length=rule.maximum)]


@_type_of.register
def _(_rule: AutoFlag) -> Any:
    return Literal["auto"] | bool


@_type_of.register
def _(rule: ScalingRule) -> Any:
    return _type_of(rule.words) | model_of(Divide)


_OF_SEVERAL_FORMS = (Variant, ScalingRule, ClassWeights)
