"""Reading only what is new, and changing only what is as it was read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.experiments import service
from service.experiments.models import ExperimentRow
from service.experiments.tags import CHANGING, tag_of
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

URL = "/v1/experiments"
NOW = datetime(2026, 11, 22, 16, 5, tzinfo=UTC)

# What a column of each type is changed to.
VALUES: dict[str, Any] = {
    "status": "running",
    "stop_reason": "user",
    "started_at": NOW,
    "finished_at": NOW + timedelta(seconds=5),
    "name": "another",
    "metadata": {"a": "1"},
    "priority": 7,
    "warnings": [{"pointer": None, "code": "c", "message": "m"}],
    "last_epoch": 3,
    "best_epoch": 2,
    "argmin_epoch": 2,
    "best": {"val_loss": 0.25},
    "final": {"val_loss": 0.5},
    "test": {"loss": 0.125},
    "error": {"code": "c", "message": "m"},
    "attempt": 2,
    "engine_revision": 99,
}
FIXED = {
    *(
        "id",
        "owner",
        "created_at",
        "dataset",
        "dataset_version",
        "penalty",
        "spec",
        "classes",
        "parameters",
    ),
    *(
        "rows_train",
        "rows_validation",
        "rows_test",
        "task",
        "max_epochs",
        "time_limit_seconds",
        "cohort",
        "given_lambda",
        "equivalents",
    ),
}
UNSEEN = {
    *(
        "dispatch_id",
        "request_id",
        "losses",
        "lease_counter",
        "cancel_requested",
        "pause_requested",
        "last_event",
    ),
    "reserved_bytes",
    "hand_back_requested",
}


def create(client: TestClient, **document: Any) -> Any:
    return client.post(URL, json={"dataset": "iris", **document})


def read(client: TestClient, url: str, tag: str, **headers: str) -> Any:
    return client.get(url, headers={"If-None-Match": tag, **headers})


def assert_polled(client: TestClient, url: str) -> str:
    """Read something twice, the second time for nothing; returns its tag."""
    first = client.get(url)
    # Those of curves, which are compressed, are weak.
    tag = first.headers["etag"].removeprefix("W/")
    assert tag.startswith('"')
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = read(client, url, known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other = read(client, url, '"other"')
    assert (other.status_code, other.content) == (200, first.content)
    assert other.headers["cache-control"] == "private, no-cache"
    return str(tag)


def test_every_column_is_either_in_the_tag_or_needs_not_be() -> None:
    of_table = {column.name for column in ExperimentRow.__table__.columns}
    assert of_table == {*VALUES, *FIXED, *UNSEEN}
    assert set(CHANGING) == {*VALUES, "seconds"}


@folded("column", VALUES)
def test_whatever_is_shown_changes_the_tag(
    sqlite_client: TestClient, column: str, fresh_sqlite_url: str
) -> None:
    created = create(sqlite_client)
    table: Any = ExperimentRow.__table__
    database = Database(fresh_sqlite_url)
    with database.transaction() as session:
        session.execute(sa.update(table).values({column: VALUES[column]}))
        changed = service.read(session, "local", created.json()["id"])
    database.close()
    assert f'"{tag_of(changed)}"' != created.headers["etag"]


def test_an_experiment_is_polled(client: TestClient, database: Database) -> None:
    created = create(client)
    url = created.headers["location"]
    assert assert_polled(client, url) == created.headers["etag"]
    rows.change(database, created.json()["id"], lease_counter=5, losses=1)
    assert read(client, url, created.headers["etag"]).status_code == 304
    rows.add_epochs(database, created.json()["id"], 2)
    rows.change(database, created.json()["id"], last_epoch=2, status="running")
    assert read(client, url, created.headers["etag"]).status_code == 200


def test_its_place_in_the_queue_is_part_of_it(client: TestClient) -> None:
    first, second = create(client), create(client)
    client.post(first.json()["links"]["cancel"])
    assert read(client, second.headers["location"], second.headers["etag"]).status_code == 200


@pytest.mark.parametrize("query", ["", "?fields=id,status", "?limit=1"])
def test_a_list_is_polled(client: TestClient, query: str) -> None:
    tags = {assert_polled(client, URL + query)}
    created = create(client)
    tags.add(assert_polled(client, URL + query))
    client.post(created.json()["links"]["cancel"])
    tags.add(assert_polled(client, URL + query))
    create(client)
    tags.add(assert_polled(client, URL + query))
    assert len(tags) == 4


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_a_curve_is_polled(client: TestClient, database: Database, accept: str) -> None:
    identifier = create(client).json()["id"]
    url = f"{URL}/{identifier}/metrics"
    rows.add_epochs(database, identifier, 2)
    rows.change(database, identifier, last_epoch=2, last_event=4)
    client.headers["Accept"] = accept
    tag = assert_polled(client, url)
    for answer in (client.get(url), read(client, url, tag)):
        assert "Accept" in answer.headers["vary"].split(", ")
    rows.change(database, identifier, last_event=5)
    assert read(client, url, tag).status_code == 200


def test_its_forms_have_tags_of_their_own(sqlite_client: TestClient) -> None:
    url = f"{URL}/{create(sqlite_client).json()['id']}/metrics"
    tags = {
        sqlite_client.get(url, headers={"Accept": accept}).headers["etag"] for accept in ("text/csv", "*/*")
    }
    assert len(tags) == 2


def test_checkpoints_are_polled(client: TestClient, database: Database) -> None:
    identifier = create(client).json()["id"]
    url = f"{URL}/{identifier}/checkpoints"
    tags = {assert_polled(client, url)}
    rows.add_checkpoint(database, identifier, b"weights")
    tags |= {assert_polled(client, url), assert_polled(client, f"{url}/best")}
    rows.add_checkpoint(database, identifier, b"better weights")
    tags |= {assert_polled(client, url), assert_polled(client, f"{url}/best")}
    # A list of one has the tag of that one: they are not at the same place.
    assert len(tags) == 3


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_what_somebody_else_has_changed_stays_so(client: TestClient, method: str) -> None:
    created = create(client)
    url, old = created.headers["location"], created.headers["etag"]
    new = client.patch(url, json={"name": "theirs"}).headers["etag"]
    assert new == client.get(url).headers["etag"] != old
    body = {"name": "ours"} if method == "PATCH" else None
    refused = client.request(method, url, headers={"If-Match": old}, json=body)
    assert refused.status_code == 412
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Read it again" in refused.json()["detail"]
    assert client.get(url).json()["name"] == "theirs"
    done = client.request(method, url, headers={"If-Match": f'"other", {new}'}, json=body)
    assert done.is_success


def test_training_on_is_no_reason_to_refuse_a_change(client: TestClient, database: Database) -> None:
    created = create(client)
    url, old = created.headers["location"], created.headers["etag"]
    rows.change(database, created.json()["id"], status="running", last_epoch=7, attempt=1)
    assert client.get(url).headers["etag"] != old
    changed = client.patch(url, json={"name": "ours"}, headers={"If-Match": old})
    assert changed.status_code == 200
    assert changed.json()["name"] == "ours"


@pytest.mark.parametrize(("given", "status"), [("*", 200), ("", 412), ('"', 412), ('"a-b"', 412)])
def test_other_conditions(sqlite_client: TestClient, given: str, status: int) -> None:
    url = create(sqlite_client).headers["location"]
    assert sqlite_client.patch(url, json={}, headers={"If-Match": given}).status_code == status
