"""Alive, ready, and what is missing."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.health.models import EngineRow
from service.health.readiness import STALE_SECONDS, EngineWatch
from service.storage.database import Database, utc_now
from tests.service.conftest import OpenClient


def beat(database: Database, age_seconds: float = 0, slots: int = 2) -> None:
    at = utc_now() - timedelta(seconds=age_seconds)
    with database.transaction() as session:
        session.execute(sa.delete(EngineRow))
        row = {"id": "e1", "hostname": "here", "started_at": at, "beat_at": at, "slots": slots}
        session.execute(sa.insert(EngineRow).values(row))


def missing(client: TestClient) -> Any:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) > 0
    return [each["code"] for each in response.json()["errors"]]


def test_is_alive_without_a_database(open_client: OpenClient) -> None:
    client = open_client("postgresql://nobody@127.0.0.1:1/nothing")
    assert client.get("/livez").json() == {"status": "alive"}


def test_tells_its_version(sqlite_client: TestClient) -> None:
    version = sqlite_client.get("/v1/version").json()
    assert version["name"] == "trainyard"
    assert version["version"] == sqlite_client.get("/openapi.json").json()["info"]["version"]


def test_is_not_ready_before_the_tables_are_there(open_client: OpenClient, database_url: str) -> None:
    assert missing(open_client(database_url)) == ["not_migrated"]


def test_is_not_ready_without_an_engine(client: TestClient) -> None:
    assert missing(client) == ["no_engine"]


def test_is_ready_once_an_engine_beats(client: TestClient, database: Database) -> None:
    beat(database)
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


def test_is_not_ready_while_no_worker_answers(client: TestClient, database: Database) -> None:
    beat(database, slots=0)
    assert missing(client) == ["no_worker"]


def test_an_engine_that_died_long_ago_does_not_count(client: TestClient, database: Database) -> None:
    beat(database, age_seconds=3600)
    assert missing(client) == ["no_engine"]


@pytest.mark.parametrize("skew", [timedelta(hours=-5), timedelta(hours=5)])
def test_an_engine_whose_clock_is_wrong_counts_once_it_is_seen_to_beat(skew: timedelta) -> None:
    now = utc_now()
    watch = EngineWatch(monotonic=lambda: 100.0)
    assert watch.alive({"e1": now + skew}) == set()
    assert watch.alive({"e1": now + skew}) == set()
    assert watch.alive({"e1": now + skew + timedelta(seconds=1)}) == {"e1"}


def test_an_engine_that_falls_silent_stops_counting_whatever_the_wall_clock_says() -> None:
    now = utc_now()
    clock = [100.0]
    watch = EngineWatch(monotonic=lambda: clock[0])
    assert watch.alive({"e1": utc_now(), "e2": utc_now()}) == {"e1", "e2"}
    clock[0] += STALE_SECONDS - 1
    assert watch.alive({"e1": now, "e2": utc_now()}) == {"e1", "e2"}
    clock[0] += STALE_SECONDS - 1
    assert watch.alive({"e1": now, "e2": utc_now()}) == {"e2"}
    assert watch.alive({}) == set()


def test_a_beat_between_two_looks_far_apart_does_not_tell_that_an_engine_is_alive() -> None:
    now = utc_now()
    clock = [100.0]
    watch = EngineWatch(monotonic=lambda: clock[0])
    assert watch.alive({"e1": now}) == {"e1"}
    clock[0] += 40
    # It beat once more and froze, some time within these 40 s.
    assert watch.alive({"e1": now + timedelta(seconds=1)}) == set()
    assert watch.alive({"e1": now + timedelta(seconds=2)}) == {"e1"}
