"""Changing what may be changed of an experiment, by a JSON merge patch."""

from typing import Any

from fastapi.testclient import TestClient

from tests.cases import folded

URL = "/v1/experiments"
LABELLED = {"name": "first", "metadata": {"a": "1", "b": "2"}, "priority": 5}


def create(client: TestClient, **document: Any) -> dict[str, Any]:
    created: dict[str, Any] = client.post(URL, json={"dataset": "iris", **document}).json()
    return created


def patch(client: TestClient, identifier: str, document: Any, media_type: str = "application/json") -> Any:
    return client.patch(f"{URL}/{identifier}", json=document, headers={"Content-Type": media_type})


@folded(
    ("document", "changes"),
    [
        ({}, {}),
        ({"name": "second"}, {"name": "second"}),
        ({"name": None}, {"name": None}),
        ({"priority": -100}, {"priority": -100}),
        ({"priority": None}, {"priority": 0}),
        ({"metadata": {"a": "3", "b": None, "c": "λ"}}, {"metadata": {"a": "3", "c": "λ"}}),
        ({"metadata": {}}, {}),
        ({"metadata": {"nothing": None}}, {}),
        ({"metadata": None}, {"metadata": {}}),
        (
            {"name": "n", "metadata": {"a": None}, "priority": 1},
            {"name": "n", "metadata": {"b": "2"}, "priority": 1},
        ),
    ],
)
@folded("media_type", ["application/json", "application/merge-patch+json"])
def test_a_merge_patch(
    client: TestClient, document: dict[str, Any], changes: dict[str, Any], media_type: str
) -> None:
    created = create(client, **LABELLED)
    response = patch(client, created["id"], document, media_type)
    assert response.status_code == 200
    assert response.json() == created | changes
    assert client.get(f"{URL}/{created['id']}").json() == created | changes
    # The next one is the only one in the queue, too.
    client.delete(f"{URL}/{created['id']}")


def test_a_list_finds_it_by_its_new_labels_only(client: TestClient) -> None:
    identifier = create(client, **LABELLED)["id"]
    patch(client, identifier, {"metadata": {"a": "3", "b": None}})
    for query, count in (("a]=3", 1), ("a]=1", 0), ("b]=2", 0)):
        assert len(client.get(f"{URL}?metadata[{query}").json()["data"]) == count


@folded(
    ("document", "pointer", "code"),
    [
        ({"nam": "x"}, "#/nam", "unknown_field"),
        ({"lambda": 1}, "#/lambda", "fixed"),
        ({"time_limit_seconds": 1}, "#/time_limit_seconds", "fixed"),
        ({"seed": None}, "#/seed", "fixed"),
        ({"name": 3}, "#/name", "type"),
        ({"name": "x" * 201}, "#/name", "type"),
        ({"name": {"a": "b"}}, "#/name", "type"),
        ({"priority": 101}, "#/priority", "range"),
        ({"priority": "1"}, "#/priority", "type"),
        ({"metadata": "x"}, "#/metadata", "type"),
        ({"metadata": ["a"]}, "#/metadata", "type"),
        ({"metadata": {"a": 1}}, "#/metadata/a", "type"),
        ({"metadata": {"a": {"b": "c"}}}, "#/metadata/a", "type"),
        ({"metadata": {"": "x"}}, "#/metadata/", "range"),
        ({"metadata": {str(number): "x" for number in range(15)}}, "#/metadata", "too_many"),
        ([], "#", "type"),
        (None, "#", "missing"),
    ],
)
def test_a_wrong_patch_changes_nothing(
    sqlite_client: TestClient, document: Any, pointer: str, code: str
) -> None:
    created = create(sqlite_client, **LABELLED)
    response = patch(sqlite_client, created["id"], document)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    (wrong,) = response.json()["errors"]
    assert (wrong["pointer"], wrong["code"]) == (pointer, code)
    assert sqlite_client.get(f"{URL}/{created['id']}").json() == created


def test_every_wrong_place_is_named(sqlite_client: TestClient) -> None:
    document = {"lambda": 1, "nam": "x", "priority": "high", "metadata": {"a": 1, "c": 2}}
    problem = patch(sqlite_client, create(sqlite_client)["id"], document).json()
    pointers = [wrong["pointer"] for wrong in problem["errors"]]
    assert pointers == ["#/lambda", "#/nam", "#/metadata/a", "#/metadata/c", "#/priority"]
    assert 'Did you mean "name"?' in problem["errors"][1]["message"]


def test_no_such_experiment(sqlite_client: TestClient) -> None:
    assert patch(sqlite_client, "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y", {}).status_code == 404
