"""What no worker has the memory for is refused, with what to change; what fits is taken."""

from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.execution.worker.reporting import record_host
from service.health.models import EngineRow, WorkerHostRow
from service.storage.database import Database, utc_now

WIDE = {"dataset": "digits", "architecture": [2048, 2048]}
LONG: dict[str, Any] = {
    "dataset": "mnist-mini",
    "architecture": [2],
    "batch_size": 10_000,
    "precision": "float64",
}


def beat(database: Database, **limits: int | None) -> None:
    """Engines, each with what its workers may use."""
    with database.transaction() as session:
        session.execute(sa.delete(EngineRow))
        for name, limit in limits.items():
            now = utc_now()
            row = {"id": name, "hostname": name, "started_at": now, "beat_at": now, "slots": 1}
            session.execute(sa.insert(EngineRow).values(**row, worker_memory_bytes=limit))


@pytest.mark.parametrize(
    ("document", "limit", "pointer"),
    [(WIDE, 200, "#/architecture"), (LONG, 65, "#/split/train_rows")],
)
@pytest.mark.parametrize("path", ["", "/validate"])
def test_an_experiment_that_fits_nowhere_is_refused(
    client: TestClient, database: Database, document: dict[str, Any], limit: int, pointer: str, path: str
) -> None:
    beat(database, one=limit * 2**20, other=(limit - 10) * 2**20)
    response = client.post(f"/v1/experiments{path}", json=document)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, "memory_limit")
    assert f"may use {limit} MiB" in error["message"]
    assert client.get("/v1/experiments").json()["data"] == []


def test_what_an_idle_worker_uses_counts_as_it_reports_it(client: TestClient, database: Database) -> None:
    fits = {"dataset": "digits", "architecture": [1024, 1024]}
    beat(database, one=200 * 2**20)
    for idle, status in ((150, 422), (20, 201)):
        with database.transaction() as session:
            session.execute(sa.delete(WorkerHostRow))
            for name, more in (("a", 0), ("b", 500)):
                counts = {"flushes": 0, "flush_seconds": 0.0, "replacements": 0, "cache_bytes": 0}
                record_host(session, hostname=name, idle_bytes=(idle + more) * 2**20, **counts)
        assert client.post("/v1/experiments", json=fits).status_code == status


def test_one_worker_that_is_roomy_enough_will_do(client: TestClient, database: Database) -> None:
    for limits in ({}, {"one": 200 * 2**20, "other": None}, {"one": 200 * 2**20, "other": 2**30}):
        beat(database, **limits)
        assert client.post("/v1/experiments", json=WIDE).status_code == 201
