"""A change of the API is told in words that its reviewer understands."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from scripts.openapi import changes

Document = dict[str, Any]
DOCUMENT: Document = {
    "info": {"version": "1"},
    "paths": {
        "/v1/things": {
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"maximum": 100}}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "Thing"}}}}},
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "required": ["id"],
                "properties": {"id": {"type": "string"}, "color": {"enum": ["red", "green"]}},
            }
        }
    },
}


def thing(document: Document) -> Any:
    return document["components"]["schemas"]["Thing"]


def get(document: Document) -> Any:
    return document["paths"]["/v1/things"]["get"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["paths"]["/v1/things"].update(post={}), "POST /v1/things is new"),
        (lambda d: d["paths"]["/v1/things"].pop("get"), "GET /v1/things is gone"),
        (lambda d: d["paths"].update({"/v1/others": {}}), "/v1/others is new"),
        (lambda d: get(d)["parameters"].clear(), "GET /v1/things, query parameter limit is gone"),
        (
            lambda d: get(d)["parameters"].append({"name": "sort", "in": "query"}),
            "GET /v1/things, query parameter sort is new",
        ),
        (
            lambda d: get(d)["parameters"][0]["schema"].update(maximum=50),
            "GET /v1/things, query parameter limit, schema, maximum is 50 now; it was 100",
        ),
        (lambda d: get(d)["responses"].update({"404": {}}), "GET /v1/things, answer 404 is new"),
        (
            lambda d: get(d)["responses"]["200"]["content"]["application/json"]["schema"].update(
                {"$ref": "A"}
            ),
            'GET /v1/things, answer 200, as application/json, schema, $ref is "A" now; it was "Thing"',
        ),
        (lambda d: get(d).pop("parameters"), "GET /v1/things, query parameter limit is gone"),
        (lambda d: thing(d).pop("required"), "schema Thing, field id need not be there any more"),
        (lambda d: thing(d)["properties"].pop("color"), "schema Thing, field color is gone"),
        (lambda d: thing(d)["required"].append("color"), "schema Thing, field color is required now"),
        (lambda d: thing(d)["required"].clear(), "schema Thing, field id need not be there any more"),
        (
            lambda d: thing(d)["properties"]["color"]["enum"].remove("red"),
            'schema Thing, field color, enum has lost "red"',
        ),
        (
            lambda d: thing(d)["properties"]["color"]["enum"].append("blue"),
            'schema Thing, field color, enum has gained "blue"',
        ),
        (
            lambda d: thing(d)["properties"]["color"]["enum"].reverse(),
            "schema Thing, field color, enum has another order",
        ),
        (lambda d: d["info"].update(version="2"), 'info, version is "2" now; it was "1"'),
    ],
)
def test_what_changed_is_said_in_words(change: Callable[[Document], object], words: str) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    assert changes(DOCUMENT, changed) == [words]


def test_nothing_is_said_of_what_is_the_same() -> None:
    assert changes(DOCUMENT, copy.deepcopy(DOCUMENT)) == []
