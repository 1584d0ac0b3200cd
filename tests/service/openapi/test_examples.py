"""What the OpenAPI document shows as an example is what a reader executes first: all of it works."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from fastapi.testclient import TestClient
from safetensors.numpy import save

from service.storage.database import Database
from tests.cases import folded
from tests.service import rows
from tests.service.openapi.documented import document

OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
}
WEIGHTS: bytes = save({"0.weight": np.ones((3, 4), dtype=np.float32)}, metadata={"format": "pt"})

# What an example cannot know: a reader pastes the `id` of an answer.
IDENTIFIERS = ("experiment_id", "experiment", "key_id", "link_id", "dataset_id")
# What has to be in a state of its own for the operation to be possible.
STATUS = {"resumeExperiment": "paused", "pauseExperiment": "queued", "cancelExperiment": "queued"}


def values(described: dict[str, Any]) -> list[Any]:
    """Every example that is shown for a parameter or a body."""
    named = [each["value"] for each in described.get("examples", {}).values()]
    return [*named, *([described["example"]] if "example" in described else [])]


class Shown(NamedTuple):
    """A request made of examples."""

    name: str
    parameters: dict[str, Any]
    media_type: str | None
    body: Any


def sent(shown: Shown) -> dict[str, Any]:
    """The body of a request, in the form of its media type."""
    if shown.media_type == "multipart/form-data":
        fields = dict(shown.body)
        return {"files": {"file": ("table.csv", fields.pop("file"))}, "data": fields}
    if shown.media_type == "application/octet-stream":
        return {"content": shown.body, "headers": {"Content-Type": shown.media_type}}
    return {"json": shown.body, "headers": {"Content-Type": shown.media_type or "application/json"}}


def requests(name: str) -> Iterator[Shown]:
    """Every example of every required parameter with every example of the body."""
    operation = OPERATIONS[name][2]
    required = [each for each in operation.get("parameters", ()) if each.get("required")]
    shown = {each["name"]: values(each) for each in required if each["name"] not in IDENTIFIERS}
    content = operation.get("requestBody", {}).get("content", {})
    bodies = [(media_type, each) for media_type, body in content.items() for each in values(body)]
    for chosen in itertools.product(*shown.values()):
        for media_type, body in bodies or [(None, None)]:
            yield Shown(name, dict(zip(shown, chosen, strict=True)), media_type, body)


# Without an engine no service is ready; tests/end_to_end has one.
NAMES = [name for name in OPERATIONS if name != "getReadiness"]


@pytest.fixture
def fresh_database_url(fresh_sqlite_url: str) -> str:
    """URL of an SQLite file; every operation has tests of its own on both databases."""
    return fresh_sqlite_url


@pytest.fixture
def experiment_id(client: TestClient, database: Database) -> str:
    """Return the id of an experiment with a curve and with every kind of checkpoint."""
    identifier: str = client.post("/v1/experiments", json={"dataset": "iris"}).json()["id"]
    rows.add_epochs(database, identifier, 5)
    rows.finish(database, identifier)
    for setting in ({}, {"penalty": "l2", "lambda": 0.1}):
        metadata = {"setting": setting.get("penalty", "no penalty")}
        client.post("/v1/experiments", json={"dataset": "iris", "metadata": metadata, **setting})
    for kind in ("best", "last"):
        rows.add_checkpoint(database, identifier, WEIGHTS, kind=kind)
    return identifier


@pytest.fixture
def key_id(client: TestClient) -> str:
    identifier: str = client.post("/v1/keys", json={"owner": "ann"}).json()["id"]
    return identifier


@pytest.fixture
def link_id(client: TestClient, experiment_id: str) -> str:
    identifier: str = client.post(f"/v1/experiments/{experiment_id}/links", json={}).json()["id"]
    return identifier


@pytest.fixture
def dataset_id(client: TestClient) -> str:
    """Return the id of a data set whose bytes are still to come."""
    identifier: str = client.post("/v1/datasets/announcements", json={}).json()["id"]
    return identifier


@pytest.fixture
def identifiers(experiment_id: str, key_id: str, link_id: str, dataset_id: str) -> dict[str, str]:
    """Return an identifier for each of IDENTIFIERS."""
    return {
        "experiment_id": experiment_id,
        "experiment": experiment_id,
        "key_id": key_id,
        "link_id": link_id,
        "dataset_id": dataset_id,
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_example_works(
    client: TestClient, database: Database, identifiers: dict[str, str], name: str
) -> None:
    @folded("shown", requests(name))
    def works(shown: Shown) -> None:
        answer(client, database, identifiers, shown)

    works()


def answer(client: TestClient, database: Database, identifiers: dict[str, str], shown: Shown) -> None:
    """Send one request, which must succeed."""
    if shown.name in STATUS:
        status = STATUS[shown.name]
        rows.change(database, identifiers["experiment_id"], status=status, finished_at=None, dispatch_id=None)
    method, path, operation = OPERATIONS[shown.name]
    given = {**identifiers, **shown.parameters}
    body = sent(shown)
    body["headers"] = body.get("headers", {}) | {"Accept": "application/json, */*;q=0.5"}
    places = {each["name"]: each["in"] for each in operation.get("parameters", ()) if each.get("required")}
    response = client.request(
        method,
        path.format(**given),
        params={each: given[each] for each, place in places.items() if place == "query"},
        **body,
    )
    assert response.status_code // 100 == 2, response.text


@folded("name", OPERATIONS)
def test_everything_that_has_to_be_given_has_an_example(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    for parameter in operation.get("parameters", ()):
        assert not parameter.get("required") or parameter["name"] in IDENTIFIERS or values(parameter)
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        assert values(body), media_type


def test_an_identifier_is_told_by_a_link() -> None:
    """A program that explores the API finds out by itself whose answer has the id that another operation takes."""
    links = document()["paths"]["/v1/experiments"]["post"]["responses"]["201"]["links"]
    taking = {name for name, (_, path, _) in OPERATIONS.items() if "{experiment_id}" in path}
    assert set(links) == {*taking, "getEvents"}
