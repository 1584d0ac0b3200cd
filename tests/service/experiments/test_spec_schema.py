"""The schema that OpenAPI shows and the rules that are applied: every bound, every default, every field."""

import dataclasses
import re
from typing import Any

from engine.errors import InvalidSpec
from engine.spec import Divide, Experiment, Given, Layer, PerLayer, rules, to_document
from engine.spec.records import Record, Records, Variant
from engine.spec.splits import SplitRule
from service.experiments.spec_schema import View, model_of
from tests.cases import folded

SCHEMA = model_of(Experiment, View.SENT).model_json_schema()
RECORDS = {name for name, schema in SCHEMA["$defs"].items() if "properties" in schema}


def parts_of(rule: Any) -> list[type[Any]]:
    match rule:
        case rules.Nullable():
            return parts_of(rule.inner)
        case Record():
            return [rule.kind]
        case Records():
            return [rule.item.kind]
        case SplitRule():
            return list(rule.KINDS.values())
        case Variant():
            return list(rule.parametric.values())
    return []


def records() -> list[type[Any]]:
    found, waiting = [], [Experiment, Divide]
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.append(kind)
            waiting += [part for field in dataclasses.fields(kind) for part in parts_of(rules.rule_of(field))]
    return found


KINDS = records()
FIELDS = [(kind, field) for kind in KINDS for field in dataclasses.fields(kind)]
NEEDED: dict[type[Any], dict[str, Any]] = {
    Layer: {"units": 1},
    Divide: {"divide_by": 1},
    Given: {"checkpoint": "one"},
    PerLayer: {"layers": ["auto"]},
}


def schema_of(kind: type[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = SCHEMA if kind is Experiment else SCHEMA["$defs"][kind.__name__]
    return schema


def accepted(kind: type[Any], name: str, value: object) -> bool:
    """Whether the rules take a document of this record with this value in it."""
    try:
        Record(kind).check({**NEEDED.get(kind, {}), name: value})
    except InvalidSpec as error:
        # A rule that looks at several fields together has the field's own value for good.
        return all(problem.code == "incompatible" or not problem.path for problem in error.problems)
    return True


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Every form a value may have, those of a named schema included."""
    if "$ref" in schema:
        named = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
        return [named] if "properties" in named else alternatives(named)
    forms = schema.get("anyOf") or schema.get("oneOf")
    return [schema] if forms is None else [each for form in forms for each in alternatives(form)]


def test_all_records_are_described() -> None:
    assert {kind.__name__ for kind in KINDS} == {"Experiment", *RECORDS}


@folded("kind", KINDS)
def test_every_field_and_no_other(kind: type[Any]) -> None:
    fields = [rules.json_name(field) for field in dataclasses.fields(kind)]
    schema = schema_of(kind)
    assert [name for name in schema["properties"] if name != "name"] == fields
    assert schema["additionalProperties"] is False
    assert schema["description"]


@folded(("kind", "field"), FIELDS)
def test_words_default_and_bounds(kind: type[Any], field: dataclasses.Field[Any]) -> None:
    name = rules.json_name(field)
    schema = schema_of(kind)["properties"][name]
    words = schema.get("description") or SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]["description"]
    assert re.search(r"[.…]$", words), "describe it in service/experiments/field_docs.py"
    if field.default is dataclasses.MISSING:
        assert name in schema_of(kind)["required"]
    else:
        assert schema["default"] == to_document(field.default)
        assert accepted(kind, name, schema["default"])
    for alternative in alternatives(schema):
        assert_bounds_are_applied(kind, name, alternative)


def assert_bounds_are_applied(kind: type[Any], name: str, schema: dict[str, Any]) -> None:
    step = 1 if schema.get("type") == "integer" else 1e-9
    for closed, outwards in (("minimum", -1), ("maximum", 1)):
        if closed in schema:
            bound = schema[closed]
            assert accepted(kind, name, bound)
            assert not accepted(kind, name, bound + outwards * step * max(1, abs(bound)))
    for opened in ("exclusiveMinimum", "exclusiveMaximum"):
        if opened in schema:
            assert not accepted(kind, name, schema[opened])
    for word in schema.get("enum", ()):
        assert accepted(kind, name, word)
    if "minLength" in schema:
        lengths = range(schema["minLength"] - 1, schema["maxLength"] + 2)
        fitting = [accepted(kind, name, "a" * length) for length in lengths]
        assert fitting == [False, *[True] * (len(lengths) - 2), False]
    elif schema.get("type") == "string":
        assert not accepted(kind, name, "no such word")
    if "maxItems" in schema:
        item = "zeros" if kind is PerLayer else 1
        assert accepted(kind, name, [item] * schema["maxItems"])
        assert not accepted(kind, name, [item] * (schema["maxItems"] + 1))


@folded("value", [None, True, False, 0, 1, -3, 2**70, "", "auto", [], [None]])
@folded(("kind", "field"), FIELDS)
def test_types_are_the_rules_types(kind: type[Any], field: dataclasses.Field[Any], value: object) -> None:
    name = rules.json_name(field)
    types = {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int) and not isinstance(value, bool),
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        # What has no type is told in words.
        "": True,
    }
    described = any(
        types.get(option.get("type", ""), False)
        for option in alternatives(schema_of(kind)["properties"][name])
    )
    assert described or not accepted(kind, name, value)


def test_a_choice_of_objects_is_told_apart_by_their_names() -> None:
    for name, schema in SCHEMA["$defs"].items():
        for form in schema.get("anyOf", ()):
            if objects := form.get("oneOf"):
                mapping = form["discriminator"]["mapping"]
                assert form["discriminator"]["propertyName"] == "name"
                assert sorted(mapping.values()) == sorted(each["$ref"] for each in objects), name
                assert all(
                    SCHEMA["$defs"][target.rpartition("/")[2]]["properties"]["name"]["const"] == tag
                    for tag, target in mapping.items()
                )
            else:
                assert len([each for each in schema["anyOf"] if "$ref" in each]) <= 1, name


def test_a_new_kind_of_rule_or_a_field_without_words_is_noticed() -> None:
    @dataclasses.dataclass(frozen=True)
    class Odd:
        """A record with a rule nobody has heard of."""

        units: int = dataclasses.field(metadata=rules.rule(object()))  # type: ignore[arg-type]  # the case tested

    schema = model_of(Odd, View.SENT).model_json_schema()["properties"]["units"]
    assert not {"type", "anyOf", "description"} & set(schema)
