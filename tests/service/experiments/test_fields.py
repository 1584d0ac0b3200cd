"""Only some fields of an experiment."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.experiments.parts import PART
from service.experiments.schemas import ExperimentRead

URL = "/v1/experiments"


def create(client: TestClient) -> Any:
    return client.post(URL, json={"dataset": "iris", "name": "one", "metadata": {"a": "b"}}).json()


@pytest.mark.parametrize(
    "query", ["fields=status,progress,created_at", "fields=progress&fields=created_at, status"]
)
def test_some_fields_of_one(client: TestClient, query: str) -> None:
    created = create(client)
    response = client.get(f"{created['links']['self']}?{query}")
    assert response.status_code == 200
    assert response.json() == {name: created[name] for name in ("status", "progress", "created_at")}
    assert response.headers["content-type"] == PART
    assert response.headers["etag"] == client.get(created["links"]["self"]).headers["etag"]


def test_some_fields_of_each(client: TestClient) -> None:
    create(client)
    create(client)
    whole = client.get(f"{URL}?limit=1").json()
    response = client.get(f"{URL}?limit=1&fields=id,metadata")
    assert response.json() == {
        **whole,
        "data": [{"id": whole["data"][0]["id"], "metadata": {"a": "b"}}],
    }
    assert response.headers["content-type"] == PART
    assert len(client.get(f"{URL}?fields=id&after={response.json()['next']}").json()["data"]) == 1


def test_every_field_by_itself(sqlite_client: TestClient) -> None:
    created = create(sqlite_client)
    for name in ExperimentRead.model_fields:
        part = sqlite_client.get(f"{created['links']['self']}?fields={name}").json()
        assert part == {name: created[name]}


def test_all_fields_are_a_whole(sqlite_client: TestClient) -> None:
    created = create(sqlite_client)
    every = ",".join(ExperimentRead.model_fields)
    assert sqlite_client.get(f"{created['links']['self']}?fields={every}").json() == created


@pytest.mark.parametrize("path", ["", "/exp_01ARYZ6S41TSV4RRFFQ69G5FAV"])
@pytest.mark.parametrize(
    ("fields", "hint"),
    [("statuss", 'Did you mean "status"?'), ("", "allowed: id, "), ("id,,spec", "allowed: id, ")],
)
def test_a_field_that_there_is_not(sqlite_client: TestClient, path: str, fields: str, hint: str) -> None:
    response = sqlite_client.get(f"{URL}{path}", params={"fields": fields})
    assert response.status_code == 422
    [wrong] = response.json()["errors"]
    assert (wrong["parameter"], wrong["code"]) == ("fields", "choice")
    assert hint in wrong["message"]
