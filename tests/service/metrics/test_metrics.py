"""What monitoring reads at /metrics, and who may."""

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from service.execution.worker.reporting import record_host
from service.health.models import EngineRow
from service.storage.database import Database, utc_now
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient
from tests.service.rows import change

SMALL = {"dataset": "iris"}


def samples(client: TestClient, **headers: str) -> dict[Any, float]:
    app: Any = client.app
    # As a second later.
    app.state.measures._good_until = 0.0  # noqa: SLF001 - see above
    monitoring = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    answer = monitoring.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_tells_what_waits_and_what_runs(client: TestClient, database: Database) -> None:
    ids = [client.post("/v1/experiments", json=SMALL).json()["id"] for _ in range(4)]
    for id_ in ids[:2]:
        change(database, id_, status="running", dispatch_id="d", attempt=1, losses=1)
    change(database, ids[2], created_at=utc_now() - timedelta(hours=1))
    row = EngineRow(id="e", hostname="h", started_at=utc_now(), beat_at=utc_now(), slots=2)
    row.lease_expiries, row.restarts = 3, 2
    with database.transaction() as session:
        session.add(row)
        for name, flushes in (("a", 1), ("b", 5)):
            counts = {"flushes": flushes, "flush_seconds": flushes / 4, "replacements": flushes - 1}
            record_host(session, hostname=name, cache_bytes=7, idle_bytes=None, **counts)
    found = samples(client)
    assert (found["trainyard_experiments", "queued"], found["trainyard_experiments", "running"]) == (2, 2)
    assert 3600 <= found["trainyard_experiments_oldest_seconds", "queued"] < 3700
    names = ("workers", "busy_workers", "running_lanes", "stack_width", "running_losses", "engine_up")
    counters = ("lease_expiries", "worker_losses", "engine_restarts")
    assert [found[f"trainyard_{name}_total",] for name in counters] == [3, 0, 2]
    per_host = (
        "flush_seconds_count",
        "flush_seconds_sum",
        "worker_replacements_total",
        "dataset_cache_bytes",
    )
    assert [found[f"trainyard_{name}", "b"] for name in per_host] == [5, 1.25, 4, 7]
    assert found["trainyard_flush_seconds_count", "a"] == 1
    assert ("trainyard_idle_worker_bytes", "a") not in found
    assert [found[f"trainyard_{name}",] for name in names] == [2, 1, 2, 2, 2, 1]


def test_counts_requests_by_route_and_not_by_what_clients_make_up(sqlite_client: TestClient) -> None:
    for path in ("exp_1", "exp_2"):
        sqlite_client.get(f"/v1/experiments/{path}")
    sqlite_client.get("/nothing/here")
    sqlite_client.get("/or/there")
    found = samples(sqlite_client)
    route = "/v1/experiments/{experiment_id}"
    assert found["trainyard_http_requests_total", "GET", route, "404"] == 2
    assert found["trainyard_http_request_seconds_count", route] == 2
    assert found["trainyard_http_requests_total", "GET", "unknown", "404"] == 2
    assert not any("exp_1" in str(each) or "nothing" in str(each) for each in found)


def test_without_keys_only_this_machine_may_read_them(sqlite_client: TestClient) -> None:
    app = sqlite_client.app
    asked = [("203.0.113.9", {}), ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}), ("127.0.0.1", {})]
    found = []
    for address, headers in asked:
        other = TestClient(app, base_url="http://127.0.0.1", client=(address, 1))
        found.append(other.get("/metrics", headers=headers).status_code)
    assert found == [403, 403, 200]


def test_with_keys_it_takes_one_of_that_scope(open_client: OpenClient, fresh_sqlite_url: str) -> None:
    client = open_client(fresh_sqlite_url, auth="on")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=showing_key(client, "ann")).status_code == 403
    assert ("trainyard_database_up",) in samples(client, **showing_key(client, "ops", scopes=["metrics"]))


def test_without_a_database_it_says_so(open_client: OpenClient, tmp_path: Any) -> None:
    client = open_client(f"sqlite:///{tmp_path}/missing/file.sqlite3")
    found = samples(client)
    assert found["trainyard_database_up",] == 0
