"""Cancelling in every status, once and again."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.database import Database
from service.experiments.models import ExperimentRow
from service.experiments.states import STATUSES, after_cancel
from tests.service import rows

URL = "/v1/experiments"


def create(client: TestClient) -> str:
    identifier: str = client.post(URL, json={"dataset": "iris"}).json()["id"]
    return identifier


def flags(database: Database, identifier: str) -> tuple[Any, ...]:
    with database.reading() as session:
        row = session.get_one(ExperimentRow, identifier)
        return row.status, row.cancel_requested, row.dispatch_id


@pytest.mark.parametrize(
    ("status", "following", "dispatch"),
    [
        ("queued", "cancelled", None),
        ("dispatched", "cancelled", None),
        ("paused", "cancelled", None),
        ("running", "cancelling", "d1"),
        ("pausing", "cancelling", "d1"),
    ],
)
def test_cancels(
    client: TestClient, database: Database, status: str, following: str, dispatch: str | None
) -> None:
    identifier = create(client)
    rows.change(database, identifier, status=status, dispatch_id="d1")
    first = client.post(f"{URL}/{identifier}/cancel")
    again = client.post(f"{URL}/{identifier}/cancel")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["status"] == following
    assert flags(database, identifier) == (following, True, dispatch)
    ended = following == "cancelled"
    assert (first.json()["stop_reason"] == "user") == ended
    assert (first.json()["finished_at"] is not None) == ended


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_has_ended_cannot_be_cancelled(client: TestClient, database: Database, status: str) -> None:
    identifier = create(client)
    rows.change(database, identifier, status=status, stop_reason="max_epochs")
    response = client.post(f"{URL}/{identifier}/cancel")
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    for allowed in (state for state in STATUSES if after_cancel(state)):
        assert allowed in response.json()["detail"]
    assert flags(database, identifier) == (status, False, None)


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_ended_by_itself_after_the_request_may_be_asked_again(
    client: TestClient, database: Database, status: str
) -> None:
    identifier = create(client)
    rows.add_epochs(database, identifier, 5)
    assert client.post(f"{URL}/{identifier}/cancel").json()["status"] == "cancelling"
    rows.finish(database, identifier, status=status)
    again = client.post(f"{URL}/{identifier}/cancel")
    assert again.status_code == 202
    assert again.json() == client.get(f"{URL}/{identifier}").json()
    assert again.json()["status"] == status


@pytest.mark.parametrize("path", ["", "/exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/cancel"])
def test_what_relies_on_an_idempotency_key_is_told_that_there_is_none(
    sqlite_client: TestClient, path: str
) -> None:
    headers = {"Idempotency-Key": "once"}
    response = sqlite_client.post(f"{URL}{path}", json={"dataset": "iris"}, headers=headers)
    assert response.status_code == 422
    wrong = response.json()["errors"][0]
    assert (wrong["parameter"], wrong["code"]) == ("Idempotency-Key", "not_available")
    assert sqlite_client.get(URL, headers=headers).json()["data"] == []


def test_what_was_cancelled_keeps_its_end(client: TestClient, database: Database) -> None:
    identifier = create(client)
    rows.finish(database, identifier, status="cancelled", stop_reason="user")
    response = client.post(f"{URL}/{identifier}/cancel")
    assert response.status_code == 202
    assert response.json()["finished_at"] == "2026-11-22T16:05:09Z"
