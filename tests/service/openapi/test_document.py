"""The OpenAPI document: what generated clients and /docs are made from."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient

from engine.spec import Experiment
from scripts.openapi import FILE, changes, committed
from service.app import create_app
from service.experiments.spec_schema import View, model_of
from service.settings import Settings
from tests.service.openapi.documented import violations

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}
REFERENCE = "#/components/schemas/{model}"
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
        "updateDataset",
        "compareExperiments",
        "createLink",
        "listLinks",
        "deleteLink",
        "listDatasets",
        "getDataset",
        "getDatasetPreview",
        "deleteDataset",
        "getLiveness",
        "getReadiness",
        "getVersion",
    }


def test_every_operation_is_told_in_words() -> None:
    assert [fault for name in OPERATIONS for fault in without_words(name)] == []


def without_words(name: str) -> Iterator[str]:
    """Every part of an operation that lacks its text."""
    operation = OPERATIONS[name]
    yield from (f"{name} has no {word}" for word in ("summary", "tags") if not operation[word])
    if not operation["description"].rstrip().endswith((".", "`")):
        yield f"{name}'s description is no sentence"
    for status, response in operation["responses"].items():
        if response["description"] in {"", "Successful Response"}:
            yield f"{name} does not describe {status}"
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            yield f"{name} does not describe {parameter['name']}"


def test_every_failure_is_a_problem() -> None:
    failures = {
        name: {status: each for status, each in operation["responses"].items() if status[0] in "45"}
        for name, operation in OPERATIONS.items()
    }
    assert [name for name, found in failures.items() if not {"422", "500"} <= set(found)] == []
    others = {
        f"{name} {status}": response["content"]
        for name, found in failures.items()
        for status, response in found.items()
        if response["content"] != PROBLEM
    }
    assert others == {}


def test_every_status_is_a_known_one() -> None:
    statuses = {status for operation in OPERATIONS.values() for status in operation["responses"]}
    assert {status for status in statuses if status[0] not in "45"} <= {"200", "201", "202", "204", "304"}


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    used = set(references(DOCUMENT))
    assert used == {f"#/components/schemas/{name}" for name in SCHEMAS}
    assert not {"HTTPValidationError", "ValidationError"} & set(SCHEMAS)


def test_every_schema_is_told_in_words() -> None:
    assert [name for name, schema in SCHEMAS.items() if not schema.get("description")] == []


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


@pytest.mark.parametrize(("view", "name"), [(View.SENT, "ExperimentCreate"), (View.SHOWN, "ExperimentSpec")])
def test_the_specification_is_the_engines(view: View, name: str) -> None:
    """Every field is there, and what each refers to; tests of the specification's schema look into it."""
    of_engine = model_of(Experiment, view).model_json_schema(ref_template=REFERENCE)
    assert SCHEMAS[name]["required"] == ["dataset"]
    assert set(of_engine["properties"]) < set(SCHEMAS[name]["properties"])
    for field, schema in of_engine["properties"].items():
        assert set(references(schema)) <= set(references(SCHEMAS[name]["properties"][field]))
    assert set(of_engine["$defs"]) <= set(SCHEMAS)


def test_a_default_is_told_where_a_client_may_leave_the_field_out() -> None:
    of_engine = model_of(Experiment, View.SENT).model_json_schema()["properties"]
    told = SCHEMAS["ExperimentCreate"]["properties"]
    for field, schema in of_engine.items():
        words = told[field].get("description", "")
        assert ("Default: `" in words) == (schema["default"] is not None), field
    assert told["lambda"]["description"].endswith(" Default: `0.0`.")
    assert told["optimizer"]["description"].startswith("Optimizer. Default: `{")


def test_one_of_several_forms_is_never_a_constant() -> None:
    """openapi-python-client reads no form behind one."""
    assert re.findall(r'"anyOf": \[[^\]]*"const"', json.dumps(SCHEMAS)) == []


def test_no_field_has_the_keyword_that_generators_take_for_a_duty() -> None:
    fields = (
        (f"{name}.{field}", each)
        for name, schema in SCHEMAS.items()
        for field, each in schema.get("properties", {}).items()
    )
    assert [path for path, each in fields if "default" in each] == []


def test_lambda_is_spelled_as_it_is() -> None:
    assert "lambda" in SCHEMAS["ExperimentSpec"]["properties"]
    assert not re.search(r"\blambda_\b", json.dumps(DOCUMENT))


def test_the_examples_stand_beside_the_body() -> None:
    body = OPERATIONS["createExperiment"]["requestBody"]
    assert body["required"]
    content = body["content"]["application/json"]
    assert content["schema"]["$ref"] == "#/components/schemas/ExperimentCreate"
    assert list(content["examples"]) == ["overfit", "patience", "l2", "l1", "initialization", "own-parts"]


def test_is_served(sqlite_client: TestClient) -> None:
    assert sqlite_client.get("/openapi.json").json() == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("name", ["getExperimentEvents", "getEvents"])
def test_a_stream_is_told_item_by_item(name: str) -> None:
    content = OPERATIONS[name]["responses"]["200"]["content"]
    # Swagger UI asks for what comes first, and a list has an end.
    assert list(content) == ["application/json", "text/event-stream"]
    # `itemSchema` came with OpenAPI 3.2.
    assert content["text/event-stream"]["schema"]["type"] == "string"
    example = content["text/event-stream"]["example"]
    lines = [line.partition(": ") for line in example.splitlines() if line]
    assert {field for field, _, _ in lines} == {"id", "event", "data"}
    assert all(json.loads(value) for field, _, value in lines if field == "data")


class Place(NamedTuple):
    """A schema somewhere in the document, and the way to it."""

    path: str
    schema: dict[str, Any]


def places() -> Iterator[Place]:
    """Every schema of the document, also those within others."""
    for name, schema in SCHEMAS.items():
        yield from within(name, schema)
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", ()):
            yield from within(f"{name}, parameter {parameter['name']}", parameter["schema"])


def within(path: str, schema: dict[str, Any]) -> Iterator[Place]:
    yield Place(path, schema)
    for name, field in schema.get("properties", {}).items():
        yield from within(f"{path}.{name}", field)
    for word in ("anyOf", "oneOf", "allOf"):
        for form in schema.get(word, ()):
            if form.get("type") != "null":
                yield from within(path, form)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from within(f"{path}.{word}", schema[word])


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def faults(place: Place) -> Iterator[str]:
    """What some generator of clients cannot take, or what a reader would miss."""
    path, schema = place
    forms = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    for name, field in schema.get("properties", {}).items():
        if not (field.get("description") or resolved(field).get("description")):
            yield f"{path}.{name} has no description: give it one, in its schemas.py or in experiments/words.py"
    if len(schema.get("enum", ())) > 1 and path not in SCHEMAS:
        yield f"{path} is an enumeration without a name: let openapi_types name it"
    if isinstance(schema.get("type"), list):
        yield f"{path} has several types at once: use a union"
    if schema.get("type") == "null":
        yield f"{path} is always null"
    if schema.get("type") in {"integer", "number"} and "format" not in schema:
        yield f"{path} is a number of unknown size"
    others = [form for form in forms if form.get("type") != "null"]
    if len(others) > 1 and any(is_container(resolved(form)) for form in others):
        yield (
            f"{path} is a union with a list or a map in it, of which openapi-generator makes no Java that compiles: "
            "give it one form, an object with a named field, or Any with its forms in words"
        )
    yield from (
        f"{path} has {word}, which came later than OpenAPI 3.1" for word in ("itemSchema",) if word in schema
    )


def is_container(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array" or (schema.get("type") == "object" and "properties" not in schema)


PLACES = list(places())


def test_nothing_is_in_the_way_of_generators_and_readers() -> None:
    assert [fault for place in PLACES for fault in faults(place)] == []


def test_null_may_be_sent_for_every_default() -> None:
    """Clients in some languages send null for every field that was not set."""
    sent = [name for name in SCHEMAS if name.endswith("Create") or name + "Read" in SCHEMAS]
    assert {"ExperimentCreate", "DatasetCreate", "KeyCreate", "Sgd", "Layer", "Split"} <= set(sent)
    refused = [
        f"{name}.{field} takes no null: give its type `| None`, and see to it that null is read as the default"
        for name in sent
        for field, schema in SCHEMAS[name].get("properties", {}).items()
        if field not in SCHEMAS[name].get("required", ()) and {"type", "$ref"} & set(schema)
    ]
    assert refused == []


def recorded_answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every successful answer with a body that is told, and where it stands."""
    for name, operation in OPERATIONS.items():
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                told = media_type not in {"application/octet-stream", "application/zip"}
                if status.startswith("2") and told:
                    yield f"{name} {status} {media_type}", content


def test_every_answer_has_an_example_that_is_one() -> None:
    """They are recorded: `make answers` renews them where fields have come or gone."""
    wrong = []
    for answer, content in recorded_answers():
        if "example" not in content:
            wrong.append(f"{answer} has no example")
        elif answer.endswith("json"):
            wrong += [f"{answer}: {each}" for each in violations(content["example"], content["schema"])]
    assert wrong == [], "A recorded answer is missing or out of date: make answers."
