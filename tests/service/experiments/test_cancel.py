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


def test_what_was_cancelled_keeps_its_end(client: TestClient, database: Database) -> None:
    identifier = create(client)
    rows.finish(database, identifier, status="cancelled", stop_reason="user")
    response = client.post(f"{URL}/{identifier}/cancel")
    assert response.status_code == 202
    assert response.json()["finished_at"] == "2026-11-22T16:05:09Z"
