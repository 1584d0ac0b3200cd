"""How much a caller may use: what is refused beyond, and what the service says of it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.access.rate_limit import TokenBuckets
from service.datasets.repository import change
from service.storage.database import utc_now
from tests.service import rows
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient
from tests.service.limits.usage import RESERVED, SMALL, URL, database_of, limits


@pytest.fixture
def secured(fresh_database_url: str, open_client: OpenClient) -> TestClient:
    own = {"max_queued_per_owner": 5, "max_running_per_owner": 2, "max_parameter_epochs": 1000}
    return open_client(fresh_database_url, auth="on", **own)


def test_says_what_there_may_be_and_what_there_is(secured: TestClient) -> None:
    own = {"queued": 3, "stored_bytes": 50_000, "requests_per_minute": 60, "memory_bytes": 10**9}
    ann, bob = showing_key(secured, "ann", limits=own), showing_key(secured, "bob", scopes=["read"])
    made = [secured.post(URL, headers=ann, json=SMALL).json()["id"] for _ in range(3)]
    rows.add_epochs(database_of(secured), made[0], 2)
    hers = limits(secured, ann)
    assert 55 <= hers["requests_per_minute"].pop("left") <= 60
    assert hers == {
        "object": "limits",
        "owner": "ann",
        "scopes": ["read", "write"],
        "queued": {"limit": 3, "used": 2},
        "running": {"limit": 2, "used": 1},
        "stored_bytes": {"limit": 50_000, "used": 3 * RESERVED},
        "parameter_epochs": 1000,
        "time_limit_seconds": 24 * 3600,
        "estimated_seconds": 24 * 3600,
        "memory_bytes": 10**9,
        "requests_per_minute": {"limit": 60},
    }
    assert limits(secured, bob)["requests_per_minute"]["left"] >= 5990
    assert limits(secured, bob) | {"requests_per_minute": {}} == {
        "object": "limits",
        "owner": "bob",
        "scopes": ["read"],
        "queued": {"limit": 5, "used": 0},
        "running": {"limit": 2, "used": 0},
        "stored_bytes": {"limit": 10 * 2**30, "used": 0},
        "parameter_epochs": 1000,
        "time_limit_seconds": 24 * 3600,
        "estimated_seconds": 24 * 3600,
        "memory_bytes": None,
        "requests_per_minute": {},
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


def test_whoever_has_stored_enough_stores_no_more(secured: TestClient) -> None:
    ann = showing_key(secured, "ann", limits={"stored_bytes": 2 * RESERVED})
    bob = showing_key(secured, "bob", limits={"stored_bytes": 2 * RESERVED})
    identifier = secured.post(URL, headers=ann, json=SMALL).json()["id"]
    assert secured.post(URL, headers=ann, json=SMALL).status_code == 201
    table = b"a,b\n1,x\n2,y\n"
    upload: dict[str, Any] = {"files": {"file": ("a.csv", table)}, "data": {"target": "b"}}
    for refused in (
        secured.post(URL, headers=ann, json=SMALL),
        secured.post("/v1/datasets", headers=ann, **upload),
    ):
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many requests")
        assert f"{2 * RESERVED:,}" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) > 0
    assert secured.post(URL, headers=bob, json=SMALL).status_code == 201
    assert secured.post("/v1/datasets", headers=bob, **upload).status_code == 201
    assert limits(secured, bob)["stored_bytes"]["used"] == RESERVED + len(table)
    assert secured.post(f"{URL}/{identifier}/pause", headers=ann).status_code == 202
    assert secured.delete(f"{URL}/{identifier}", headers=ann).status_code == 204
    assert secured.post(URL, headers=ann, json=SMALL).status_code == 201


def keep_time(client: TestClient, clock: list[float]) -> None:
    """Have the service count requests by a clock of the test's."""
    client.app.state.gate._pace = TokenBuckets(lambda: clock[0])  # type: ignore[attr-defined]  # noqa: SLF001 - no setting of it


def test_who_asks_too_fast_waits(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    client, clock = open_client(fresh_sqlite_url, auth="on", max_requests_per_minute=3), [100.0]
    keep_time(client, clock)
    ann, another = showing_key(client, "ann"), showing_key(client, "ann")
    quick = showing_key(client, "ann", limits={"requests_per_minute": 100})
    assert [client.get(URL, headers=ann).status_code for _ in range(3)] == [200] * 3
    refused = client.get(URL, headers=ann)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
    assert "3 requests per minute" in refused.json()["detail"]
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


def test_an_upload_counts_before_it_is_stored(secured: TestClient) -> None:
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


def test_what_was_rejected_takes_no_room(secured: TestClient) -> None:
    ann = showing_key(secured, "ann", limits={"stored_bytes": 1000})
    made = secured.post("/v1/datasets", headers=ann, files={"file": ("a.csv", b"a,b\n1,x\n")}).json()
    assert limits(secured, ann)["stored_bytes"]["used"] == 8
    database = database_of(secured)
    with database.transaction() as session:
        change(session, made["id"], {"status": "rejected", "finished_at": utc_now()}, status="validating")
    assert limits(secured, ann)["stored_bytes"]["used"] == 0


def test_without_keys_nothing_is_limited(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    found = open_client(fresh_sqlite_url).get("/v1/limits").json()
    bounds = [found[name]["limit"] for name in ("queued", "running", "stored_bytes", "requests_per_minute")]
    alone = [found[name] for name in ("parameter_epochs", "time_limit_seconds", "estimated_seconds")]
    assert [*bounds, *alone, found["memory_bytes"]] == [None] * 8


def test_an_operator_lifts_a_default(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    client = open_client(fresh_sqlite_url, auth="on", max_queued_per_owner="none")
    assert limits(client, showing_key(client, "ann"))["queued"]["limit"] is None


def test_time_and_memory_are_limited_by_service_and_key(secured: TestClient) -> None:
    ann = showing_key(secured, "ann", limits={"time_limit_seconds": 60})
    made = secured.post(URL, headers=ann, json=SMALL).json()
    assert made["time_limit_seconds"] == 60
    small = showing_key(secured, "ann", limits={"memory_bytes": 10**4})
    # Some 10 us an epoch at least, and no time limit of the key that would end it before.
    slow = showing_key(secured, "ann", limits={"estimated_seconds": 1, "parameter_epochs": 10**9})
    for caller, asked, pointer in (
        (ann, {"time_limit_seconds": 61}, "#/time_limit_seconds"),
        (showing_key(secured, "ann"), {"time_limit_seconds": 24 * 3600 + 1}, "#/time_limit_seconds"),
        (small, {}, "#/architecture"),
        (slow, {"max_epochs": 100_000}, "#/max_epochs"),
    ):
        for path in (URL, f"{URL}/validate"):
            refused = secured.post(path, headers=caller, json={**SMALL, **asked})
            assert refused.status_code == 422, refused.text
            assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [
                (pointer, "limit")
            ]
    shorter = {**SMALL, "max_epochs": 100_000, "time_limit_seconds": 1}
    assert secured.post(URL, headers=slow, json=shorter).status_code == 201
