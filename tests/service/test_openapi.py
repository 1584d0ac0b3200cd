"""The OpenAPI document: what generated clients and /docs are made from."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.spec import Experiment
from scripts.openapi import FILE, changes, committed
from service.app import create_app
from service.experiments.spec_schema import model_of
from service.settings import Settings

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_is_the_committed_one() -> None:
    differences = changes(committed(), json.loads(json.dumps(DOCUMENT)))
    assert differences == [], "If that is meant, `make openapi` renews docs/openapi.json."


def test_the_guide_names_every_operation_and_no_other() -> None:
    told = set(operations_of_the_guide())
    templates = {
        (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path)))
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }

    def is_at(method: str, path: str, template: tuple[str, re.Pattern[str]]) -> bool:
        return method == template[0] and template[1].fullmatch(path) is not None

    assert [each for each in templates if not any(is_at(*one, each) for one in told)] == []
    assert [one for one in told if not any(is_at(*one, each) for each in templates)] == []


def operations_of_the_guide() -> Iterator[tuple[str, str]]:
    """Method and path of each operation in the table; ``GET /a`` may be followed by ``/b``, and ``/{b,c}`` is two."""
    guide = (FILE.parent / "api.md").read_text(encoding="utf-8")
    for cell in re.findall(r"^\| (`[A-Z]+ /.+?`) \|", guide, re.MULTILINE):
        method = ""
        for code in re.findall(r"`([^`]+)`", cell):
            before, _, path = code.rpartition(" ")
            method = before or method
            yield from ((method, each) for each in spelled_out(path.partition("?")[0]))


def spelled_out(path: str) -> list[str]:
    choice = re.search(r"\{(\w+(?:,\w+)+)\}", path)
    if choice is None:
        return [path]
    before, after = path[: choice.start()], path[choice.end() :]
    return [each for name in choice[1].split(",") for each in spelled_out(before + name + after)]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_operation_is_there_under_its_name() -> None:
    assert set(OPERATIONS) == {
        "createExperiment",
        "validateExperiment",
        "listExperiments",
        "getExperiment",
        "getExperimentMetrics",
        "updateExperiment",
        "deleteExperiment",
        "cancelExperiment",
        "pauseExperiment",
        "resumeExperiment",
        "getExperimentEvents",
        "getEvents",
        "listCheckpoints",
        "getCheckpoint",
        "getCheckpointContent",
        "createKey",
        "listKeys",
        "getKey",
        "revokeKey",
        "getLimits",
        "createDataset",
        "announceDataset",
        "putDatasetContent",
        "listDatasets",
        "getDataset",
        "getDatasetPreview",
        "deleteDataset",
        "getLiveness",
        "getReadiness",
        "getVersion",
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_told_in_words(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["tags"]
    assert operation["description"].rstrip().endswith((".", "`"))
    for response in operation["responses"].values():
        assert response["description"] not in {"", "Successful Response"}
    for parameter in operation.get("parameters", ()):
        assert parameter["description"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_failure_is_a_problem(name: str) -> None:
    failures = {
        status: each
        for status, each in OPERATIONS[name]["responses"].items()
        if status not in {"200", "201", "202", "204", "304"}
    }
    assert {"422", "500"} <= set(failures)
    assert all(response["content"] == PROBLEM for response in failures.values())


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    used = set(references(DOCUMENT))
    assert used == {f"#/components/schemas/{name}" for name in SCHEMAS}
    assert not {"HTTPValidationError", "ValidationError"} & set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_told_in_words(name: str) -> None:
    assert SCHEMAS[name]["description"]


def inline_objects(value: Any, place: str) -> Iterator[str]:
    """Every place below a named schema where an object with fields of its own is written out."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and not re.fullmatch(r"schemas/\w+", place):
            yield place
        for name, item in value.items():
            yield from inline_objects(item, f"{place}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from inline_objects(item, f"{place}/{number}")


def test_every_object_with_fields_has_a_name() -> None:
    assert [*inline_objects(SCHEMAS, "schemas"), *inline_objects(DOCUMENT["paths"], "paths")] == []


def test_no_answer_is_nameless() -> None:
    for operation in OPERATIONS.values():
        for response in operation["responses"].values():
            for media_type, content in response.get("content", {}).items():
                assert (
                    "json" not in media_type or "$ref" in content["schema"] or "binary" in json.dumps(content)
                )


def test_the_specification_is_the_engines() -> None:
    of_engine = model_of(Experiment).model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("ExperimentSpec", "ExperimentCreate"):
        assert SCHEMAS[name]["required"] == ["dataset"]
        for field, schema in of_engine["properties"].items():
            assert but_for_its_default(SCHEMAS[name]["properties"][field]) == but_for_its_default(schema)
    for name, schema in of_engine["$defs"].items():
        assert but_for_its_default(SCHEMAS[name]) == but_for_its_default(schema)


def but_for_its_default(schema: Any) -> Any:
    """A schema as it is, without the defaults of its fields and what is said of them; one word is an enumeration."""
    if isinstance(schema, dict):
        if "const" in schema:
            schema = {**schema, "enum": [schema["const"]]}
        return {
            name: but_for_its_default(item)
            for name, item in schema.items()
            if name not in {"default", "const"} and not (name == "description" and isinstance(item, str))
        }
    return [but_for_its_default(item) for item in schema] if isinstance(schema, list) else schema


def test_a_default_is_told_where_a_client_may_leave_the_field_out() -> None:
    of_engine = model_of(Experiment).model_json_schema()["properties"]
    told = SCHEMAS["ExperimentCreate"]["properties"]
    for field, schema in of_engine.items():
        words = told[field].get("description", "")
        assert ("Default: `" in words) == (schema["default"] is not None), field
    assert told["lambda"]["description"].endswith(" Default: `0.0`.")
    assert told["optimizer"]["description"].startswith("How the gradient becomes a step. Default: `{")


def test_one_of_several_forms_is_never_a_constant() -> None:
    """openapi-python-client reads no form behind one."""
    assert re.findall(r'"anyOf": \[[^\]]*"const"', json.dumps(SCHEMAS)) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_field_has_the_keyword_that_generators_take_for_a_duty(name: str) -> None:
    assert [field for field, each in SCHEMAS[name].get("properties", {}).items() if "default" in each] == []


def test_lambda_is_spelled_as_it_is() -> None:
    assert "lambda" in SCHEMAS["ExperimentSpec"]["properties"]
    assert not re.search(r"\blambda_\b", json.dumps(DOCUMENT))


def test_the_examples_stand_beside_the_body() -> None:
    body = OPERATIONS["createExperiment"]["requestBody"]
    assert body["required"]
    content = body["content"]["application/json"]
    assert content["schema"]["$ref"] == "#/components/schemas/ExperimentCreate"
    assert list(content["examples"]) == ["overfit", "l2", "patience", "own-parts"]


def test_is_served(sqlite_client: TestClient) -> None:
    assert sqlite_client.get("/openapi.json").json() == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("name", ["getExperimentEvents", "getEvents"])
def test_a_stream_is_told_item_by_item(name: str) -> None:
    content = OPERATIONS[name]["responses"]["200"]["content"]
    # Swagger UI asks for what comes first, and a list has an end.
    assert list(content) == ["application/json", "text/event-stream"]
    assert content["text/event-stream"]["itemSchema"] == {"$ref": "#/components/schemas/StreamedEvent"}
    properties = SCHEMAS["StreamedEvent"]["properties"]
    variants = SCHEMAS["EventList"]["properties"]["data"]["items"]
    assert set(properties["event"]["enum"]) == set(variants["discriminator"]["mapping"])
    told = {each["$ref"].rpartition("/")[2] for each in properties["data"]["contentSchema"]["anyOf"]}
    for variant in variants["oneOf"]:
        data = SCHEMAS[variant["$ref"].rpartition("/")[2]]["properties"]["data"]["$ref"].rpartition("/")[2]
        fields = {"experiment_id", "created_at", *SCHEMAS[data]["properties"]}
        assert fields in [set(SCHEMAS[name]["properties"]) for name in told]
    assert len(told) == len(variants["oneOf"])
    example = content["text/event-stream"]["example"]
    lines = [line.partition(": ") for line in example.splitlines() if line]
    assert {field for field, _, _ in lines} == set(properties)
    assert all(json.loads(value) for field, _, value in lines if field == "data")
