"""How much a caller may use: what is refused beyond, and what the service says of it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.access.pace import Pace
from service.database import Database, utc_now
from service.datasets.repository import change
from service.quotas.meter import Meter
from tests.service import rows
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient

URL = "/v1/experiments"
SMALL = {"dataset": "iris", "architecture": [], "max_epochs": 10}
"""15 parameters."""


@pytest.fixture
def secured(fresh_database_url: str, open_client: OpenClient) -> TestClient:
    own = {"max_queued_per_owner": 5, "max_running_per_owner": 2, "max_parameter_epochs": 1000}
    return open_client(fresh_database_url, auth="on", **own)


def database_of(client: TestClient) -> Database:
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    return database


def limits(client: TestClient, caller: dict[str, str]) -> Any:
    return client.get("/v1/limits", headers=caller).json()


def test_says_what_there_may_be_and_what_there_is(secured: TestClient) -> None:
    own = {"queued": 3, "stored_bytes": 5000, "requests_per_minute": 60}
    ann, bob = showing_key(secured, "ann", limits=own), showing_key(secured, "bob", scopes=["read"])
    made = [secured.post(URL, headers=ann, json=SMALL).json()["id"] for _ in range(3)]
    rows.add_epochs(database_of(secured), made[0], 2)
    rows.add_checkpoint(database_of(secured), made[0], b"x" * 1234)
    hers = limits(secured, ann)
    assert 55 <= hers["requests_per_minute"].pop("left") <= 60
    assert hers == {
        "object": "limits",
        "owner": "ann",
        "scopes": ["read", "write"],
        "queued": {"limit": 3, "used": 2},
        "running": {"limit": 2, "used": 1},
        "stored_bytes": {"limit": 5000, "used": 1234},
        "parameter_epochs": 1000,
        "requests_per_minute": {"limit": 60},
    }
    assert limits(secured, bob) == {
        "object": "limits",
        "owner": "bob",
        "scopes": ["read"],
        "queued": {"limit": 5, "used": 0},
        "running": {"limit": 2, "used": 0},
        "stored_bytes": {"limit": None, "used": 0},
        "parameter_epochs": 1000,
        "requests_per_minute": {"limit": None, "left": None},
    }


def test_a_key_may_have_less_or_more_waiting_than_others(secured: TestClient) -> None:
    for owner, own, most in (("ann", {}, 5), ("bob", {"queued": 2}, 2), ("eve", {"queued": 6}, 6)):
        caller = showing_key(secured, owner, limits=own)
        answers = [secured.post(URL, headers=caller, json=SMALL) for _ in range(most + 1)]
        assert [each.status_code for each in answers] == [201] * most + [429]
        assert int(answers[-1].headers["retry-after"]) > 0


def test_one_experiment_may_not_be_too_much(secured: TestClient) -> None:
    ann = showing_key(secured, "ann")
    assert secured.post(URL, headers=ann, json={**SMALL, "max_epochs": 66}).status_code == 201
    for path in (URL, f"{URL}/validate"):
        refused = secured.post(path, headers=ann, json={**SMALL, "max_epochs": 67})
        (wrong,) = refused.json()["errors"]
        assert (refused.status_code, wrong["pointer"], wrong["code"]) == (422, "#/max_epochs", "limit")
        assert "at most 66 epochs" in wrong["message"]
    larger = showing_key(secured, "ann", limits={"parameter_epochs": 2000})
    assert secured.post(URL, headers=larger, json={**SMALL, "max_epochs": 100}).status_code == 201


def test_whoever_has_stored_enough_stores_no_more(
    secured: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.quotas.meter.KEPT_SECONDS", 0.0)
    monkeypatch.setattr("service.quotas.meter._SHARE", 0)
    ann = showing_key(secured, "ann", limits={"stored_bytes": 1000})
    bob = showing_key(secured, "bob", limits={"stored_bytes": 1000})
    identifier = secured.post(URL, headers=ann, json=SMALL).json()["id"]
    rows.add_checkpoint(database_of(secured), identifier, b"x" * 999)
    assert secured.post(URL, headers=ann, json=SMALL).status_code == 201
    rows.add_checkpoint(database_of(secured), identifier, b"x", kind="last")
    table = b"a,b\n1,x\n2,y\n"
    upload: dict[str, Any] = {"files": {"file": ("a.csv", table)}, "data": {"target": "b"}}
    for refused in (
        secured.post(URL, headers=ann, json=SMALL),
        secured.post("/v1/datasets", headers=ann, **upload),
    ):
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many requests")
        assert "1,000 bytes" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) > 0
    assert secured.post(URL, headers=bob, json=SMALL).status_code == 201
    assert secured.post("/v1/datasets", headers=bob, **upload).status_code == 201
    assert limits(secured, bob)["stored_bytes"]["used"] == len(table)
    rows.finish(database_of(secured), identifier)
    assert secured.delete(f"{URL}/{identifier}", headers=ann).status_code == 204
    assert secured.post(URL, headers=ann, json=SMALL).status_code == 201


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_sum_is_good_for_a_while(fresh_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    sums: list[str] = []
    database = Database(fresh_sqlite_url)
    meter = Meter(database, monotonic=lambda: now)

    def add_up(owner: str) -> int:
        sums.append(owner)
        return len(sums)

    monkeypatch.setattr(meter, "_add_up", add_up)
    assert [await meter.stored_bytes("ann") for _ in range(3)] == [1, 1, 1]
    now = 4.9
    assert (await meter.stored_bytes("ann"), await meter.stored_bytes("bob")) == (1, 2)
    now = 5.1
    assert await meter.stored_bytes("ann") == 3
    assert sums == ["ann", "bob", "ann"]
    database.close()


def keep_time(client: TestClient, clock: list[float]) -> None:
    """Have the service count requests by a clock of the test's."""
    client.app.state.gate._pace = Pace(lambda: clock[0])  # type: ignore[attr-defined]  # noqa: SLF001 - no setting of it


def test_who_asks_too_fast_waits(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    client, clock = open_client(fresh_sqlite_url, auth="on", max_requests_per_minute=3), [100.0]
    keep_time(client, clock)
    ann, another = showing_key(client, "ann"), showing_key(client, "ann")
    quick = showing_key(client, "ann", limits={"requests_per_minute": 100})
    assert [client.get(URL, headers=ann).status_code for _ in range(3)] == [200] * 3
    refused = client.get(URL, headers=ann)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
    assert "3 requests a minute" in refused.json()["detail"]
    assert client.get(URL, headers=another).status_code == 200
    assert [client.get(URL, headers=quick).status_code for _ in range(20)] == [200] * 20
    clock[0] = 119.5
    assert client.get(URL, headers=ann).headers["retry-after"] == "1"
    clock[0] = 120.0
    assert [client.get(URL, headers=ann).status_code for _ in range(2)] == [200, 429]
    # What was not used is no credit beyond a minute's.
    clock[0] = 100_000.0
    assert [client.get(URL, headers=ann).status_code for _ in range(4)] == [200] * 3 + [429]
    assert client.get("/livez").status_code == 200


def test_without_keys_the_pace_is_everybodys(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    client = open_client(fresh_sqlite_url, max_requests_per_minute=2)
    keep_time(client, [1.0])
    assert [client.get(URL).status_code for _ in range(3)] == [200, 200, 429]


def test_an_upload_counts_before_it_is_stored(secured: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.quotas.meter.KEPT_SECONDS", 0.0)
    monkeypatch.setattr("service.quotas.meter._SHARE", 0)
    ann = showing_key(secured, "ann", limits={"stored_bytes": 1000})
    table = b"a,b\n" + b"1,2\n" * 300
    link = secured.post("/v1/datasets/announcements", headers=ann, json={}).json()["links"]["content"]
    for refused in (
        secured.post("/v1/datasets", headers=ann, files={"file": ("a.csv", table)}),
        secured.put(link, headers=ann, content=table),
        secured.put(link, headers=ann, content=iter([table])),
    ):
        assert refused.status_code == 429, refused.text
    assert limits(secured, ann)["stored_bytes"]["used"] == 0
    assert secured.put(link, headers=ann, content=iter([table[:900]])).status_code == 202


def test_what_was_rejected_takes_no_room(secured: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.quotas.meter.KEPT_SECONDS", 0.0)
    monkeypatch.setattr("service.quotas.meter._SHARE", 0)
    ann = showing_key(secured, "ann", limits={"stored_bytes": 1000})
    made = secured.post("/v1/datasets", headers=ann, files={"file": ("a.csv", b"a,b\n1,x\n")}).json()
    assert limits(secured, ann)["stored_bytes"]["used"] == 8
    database = database_of(secured)
    with database.transaction() as session:
        change(session, made["id"], {"status": "rejected", "finished_at": utc_now()}, status="validating")
    assert limits(secured, ann)["stored_bytes"]["used"] == 0
