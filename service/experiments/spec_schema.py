"""JSON schema of the specification, derived from the rules of ``engine.spec``.

The models describe; they check nothing. A specification is checked by ``engine.spec`` itself, which names every
wrong place in plain words.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from engine.spec import Experiment, Layer, rules, to_document
from engine.spec.experiment import ClassWeights
from engine.spec.records import Record, Records, Variant, Variants
from engine.spec.scaling import Divide, ScalingRule
from engine.spec.splits import AutoFlag, ColumnName, SplitRule
from service.experiments.field_docs import FIELD_EXAMPLES, FIELD_WORDS

__all__ = ["View", "model_of"]


class View(enum.Enum):
    """The two sides from which a specification is described.

    What a client sends has shorthands, aliases, "auto", and null for every default. What it is shown has one form each.
    """

    SENT = ""
    SHOWN = "Read"


_MODELS: dict[str, type[BaseModel]] = {}


def model_of(kind: type[Any], view: View) -> type[BaseModel]:
    """The one model that describes a record of ``engine.spec``: its fields, bounds, defaults and their meaning."""
    name = kind.__name__ + (view.value if _differs(Record(kind)) else "")
    if name not in _MODELS:
        _MODELS[name] = _make_model(kind, name, view)
    return _MODELS[name]


def _make_model(kind: type[Any], title: str, view: View) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    if isinstance(name := getattr(kind, "name", None), str):
        fields["name"] = (Literal[name], Field())
    for field in dataclasses.fields(kind):
        type_ = _named(kind, field, view)
        if view is View.SENT and rules.has_default(field) and not rules.takes_null(field):
            type_ = type_ | None
        fields[rules.json_name(field)] = (type_, _described(kind, field))
    summary = (kind.__doc__ or "").partition("\n")[0]
    config = ConfigDict(extra="forbid", protected_namespaces=())
    return create_model(title, __config__=config, __doc__=summary, **fields)


def _named(kind: type[Any], field: dataclasses.Field[Any], view: View) -> Any:
    """The type of a field; one of several forms has the field's name, which generated clients show.

    That of a layer has the layer's before it where it differs from the experiment's.
    """
    rule = rules.rule_of(field)
    inner = rule.inner if isinstance(rule, rules.Nullable) else rule
    is_of_words = isinstance(inner, rules.Choice) and kind is Experiment
    if not (is_of_words or isinstance(inner, _OF_SEVERAL_FORMS)):
        return _type_of(rule, view)
    of_experiment = [
        rules.rule_of(each) for each in dataclasses.fields(Experiment) if each.name == field.name
    ]
    owner = Experiment if of_experiment[:1] in ([rule], [inner]) else kind
    named = _alias(owner, rules.json_name(field), inner, view)
    if inner is rule:
        return named
    if view is View.SHOWN and isinstance(inner, Variant):
        # openapi-generator's Java reads null only where the forms themselves have it among them.
        named = get_args(named.__value__)[0]
    return named | None


_ALIASES: dict[str, Any] = {}


def _alias(owner: type[Any], field: str, rule: Any, view: View) -> Any:
    name = "".join(word.title() for word in field.split("_"))
    if owner is not Experiment:
        name = owner.__name__ + name
    if _differs(rule):
        name += view.value
    if name not in _ALIASES:
        words = FIELD_WORDS[owner.__name__][field]
        type_ = _variant(rule, name, view) if isinstance(rule, Variant) else _type_of(rule, view)
        _ALIASES[name] = TypeAliasType(name, Annotated[type_, Field(description=words)])
    return _ALIASES[name]


def _variant(rule: Variant, name: str, view: View) -> Any:
    objects: Any = functools.reduce(operator.or_, (model_of(each, view) for each in rule.parametric.values()))
    if len(rule.parametric) > 1:
        objects = Annotated[objects, Field(discriminator="name")]
    words = _words(rule.plain, view)
    description = "Names without parameters."
    if view is View.SENT:
        # A name alone stands for a variant with its defaults, so one that lacks some is not among them.
        whole = [each for each, kind in rule.parametric.items() if not rules.required_names(kind)]
        words, description = (*words, *whole), "Names that are shorthand for an object with every default."
    if not words:
        return objects
    described: Any = Annotated[Literal[words], Field(description=description)]
    names: Any = TypeAliasType(f"{name}Name", described)
    return names | objects


def _words(rule: rules.Choice, view: View) -> tuple[str, ...]:
    if view is View.SENT:
        return (*rule.allowed, *rule.aliases)
    return tuple(word for word in rule.allowed if word != _AUTO)


_AUTO = "auto"


def _differs(rule: Any) -> bool:
    """Whether what is sent and what is shown of it have different forms."""
    match rule:
        case rules.Nullable():
            return _differs(rule.inner)
        case rules.Choice():
            return _words(rule, View.SENT) != _words(rule, View.SHOWN)
        case ScalingRule():
            return _differs(rule.words)
        case Record():
            fields = dataclasses.fields(rule.kind)
            return any(
                (rules.has_default(each) and not rules.takes_null(each)) or _differs(rules.rule_of(each))
                for each in fields
            )
        case Records() | Variant() | Variants() | SplitRule() | AutoFlag():
            return True
    return False


def _described(kind: type[Any], field: dataclasses.Field[Any]) -> Any:
    words = FIELD_WORDS.get(kind.__name__, {}).get(rules.json_name(field))
    if field.default is dataclasses.MISSING:
        example = FIELD_EXAMPLES.get(kind.__name__, {}).get(rules.json_name(field))
        return Field(description=words, examples=None if example is None else [example])
    return Field(default=to_document(field.default), description=words)


@functools.singledispatch
def _type_of(_rule: Any, _view: View) -> Any:
    """The type of a value that obeys a rule; anything for a rule not known here, which a test refuses."""
    return Any


@_type_of.register
def _(rule: rules.Integer, _view: View) -> Any:
    return Annotated[int, Field(ge=rule.minimum, le=rule.maximum)]


@_type_of.register
def _(rule: rules.Real, _view: View) -> Any:
    return Annotated[float, Field(ge=rule.minimum, le=rule.maximum, gt=rule.above, lt=rule.below)]


@_type_of.register
def _(_rule: rules.Flag, _view: View) -> Any:
    return bool


@_type_of.register
def _(rule: rules.Choice, view: View) -> Any:
    return Literal[_words(rule, view)]


@_type_of.register
def _(rule: rules.Nullable, view: View) -> Any:
    return _type_of(rule.inner, view) | None


@_type_of.register
def _(rule: Record, view: View) -> Any:
    return model_of(rule.kind, view)


@_type_of.register
def _(rule: Records, view: View) -> Any:
    item: Any = model_of(rule.item.kind, view)
    if view is View.SENT:
        shorthand = next(
            field for field in dataclasses.fields(rule.item.kind) if field.name == rule.shorthand
        )
        item = _type_of(rules.rule_of(shorthand), view) | item
    return Annotated[list[item], Field(max_length=rule.maximum)]


@_type_of.register
def _(rule: Variants, view: View) -> Any:
    field = next(
        each for each in dataclasses.fields(Layer) if rules.rule_of(each) == rules.Nullable(rule.item)
    )
    item = _alias(Layer, rules.json_name(field), rule.item, view)
    return Annotated[list[item], Field(min_length=1, max_length=rule.maximum)]  # type: ignore[valid-type]  # made at run time


@_type_of.register
def _(rule: SplitRule, view: View) -> Any:
    return functools.reduce(operator.or_, (model_of(kind, view) for kind in rule.KINDS.values()))


@_type_of.register
def _(rule: rules.Integers, view: View) -> Any:
    return Annotated[list[_type_of(rule.item, view)], Field(min_length=1, max_length=rule.maximum)]  # type: ignore[misc]  # made at run time


@_type_of.register
def _(_rule: ClassWeights, _view: View) -> Any:
    # Not every generator can make a class of a union of a word and a map, so its forms are told in words.
    return Annotated[Any, Field(examples=["balanced", {"0": 2}])]


@_type_of.register
def _(rule: rules.Name, _view: View) -> Any:
    return Annotated[str, Field(pattern=rule.PATTERN, max_length=rule.maximum)]


@_type_of.register
def _(rule: ColumnName, _view: View) -> Any:
    return Annotated[str, Field(min_length=1, max_length=rule.LONGEST)]


@_type_of.register
def _(_rule: AutoFlag, view: View) -> Any:
    return bool if view is View.SHOWN else Literal["auto"] | bool


@_type_of.register
def _(rule: ScalingRule, view: View) -> Any:
    return _type_of(rule.words, view) | model_of(Divide, view)


_OF_SEVERAL_FORMS = (Variant, ScalingRule, ClassWeights)
