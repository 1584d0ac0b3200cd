"""Who is let in: whoever shows a key that fits and has the scope, and nobody else."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import Request
from fastapi.testclient import TestClient

from service.access.tokens import new_key_id, new_token
from service.app import create_app
from service.http.addresses import client_address
from service.keys.models import KeyRow
from service.settings import Settings
from service.storage.database import Database, utc_now
from tests.cases import folded
from tests.service.access.keys import bearer, new_key, showing_key
from tests.service.conftest import OpenClient

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
EVERY = [
    (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
OPEN = {"getLiveness", "getReadiness", "getVersion"}


def test_a_key_lets_its_client_in(secured: TestClient) -> None:
    ann = showing_key(secured, "ann")
    assert secured.get("/v1/experiments", headers=ann).status_code == 200
    assert secured.post("/v1/experiments", headers=ann, json={"dataset": "iris"}).status_code == 201


@folded(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YW5uOnNlY3JldA=="},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer " + "x" * 5000},
        bearer(new_token(new_key_id(utc_now()))),
    ],
)
def test_whoever_shows_none_that_fits_is_told_how(secured: TestClient, headers: dict[str, str]) -> None:
    refused = secured.get("/v1/experiments", headers=headers)
    assert (refused.status_code, refused.json()["title"]) == (401, "Key required")
    assert refused.headers["www-authenticate"].startswith('Bearer realm="trainyard"')
    assert refused.headers["content-type"] == "application/problem+json"


def test_every_character_of_a_key_counts(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    secured_sqlite = open_client(fresh_sqlite_url, auth="on", max_failed_keys_per_minute="none")
    token = new_key(secured_sqlite, "ann").token
    assert secured_sqlite.get("/v1/limits", headers=bearer(token)).status_code == 200
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        assert secured_sqlite.get("/v1/limits", headers=bearer(changed)).status_code == 401, place
    for changed in (token[:-1], token + "A", token.lower(), f"{token} {token}", f'"{token}"'):
        assert secured_sqlite.get("/v1/limits", headers=bearer(changed)).status_code == 401


def test_two_keys_at_once_are_none(secured_sqlite: TestClient) -> None:
    token = new_key(secured_sqlite, "ann").token
    twice = [("Authorization", f"Bearer {token}")] * 2
    assert secured_sqlite.get("/v1/limits", headers=twice).status_code == 401


def test_a_key_of_another_pepper_does_not_fit(secured_sqlite: TestClient) -> None:
    app: Any = secured_sqlite.app
    ann = showing_key(secured_sqlite, "ann")
    app.state.gate._pepper = b"another"  # noqa: SLF001 - as after a restart without the file
    assert secured_sqlite.get("/v1/limits", headers=ann).status_code == 401


def test_it_ends_when_it_is_revoked_or_expires(secured: TestClient) -> None:
    admin = showing_key(secured, "root", scopes=["admin"])
    revoked = secured.post("/v1/keys", headers=admin, json={"owner": "ann"}).json()
    expiring = secured.post(
        "/v1/keys", headers=admin, json={"owner": "ann", "expires_in_seconds": 3600}
    ).json()
    for key in (revoked, expiring):
        assert secured.get("/v1/limits", headers=bearer(key["token"])).status_code == 200
    assert secured.post(f"/v1/keys/{revoked['id']}/revoke", headers=admin).json()["revoked_at"]
    database: Database = secured.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    with database.transaction() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(sa.update(KeyRow).where(KeyRow.id == expiring["id"]).values(expires_at=past))
    for key in (revoked, expiring):
        assert secured.get("/v1/limits", headers=bearer(key["token"])).status_code == 401


@folded(("method", "path", "operation"), EVERY)
def test_every_operation_asks_first(
    secured_sqlite: TestClient, method: str, path: str, operation: dict[str, Any]
) -> None:
    url = re.sub(r"\{\w+\}", "x", path)
    answer = secured_sqlite.request(method, url, content=b"not even JSON")
    needed = operation.get("x-required-scope")
    if operation["operationId"] in OPEN:
        assert needed is None
        assert answer.status_code != 401
        return
    assert answer.status_code == 401
    others = sorted({"read", "write", "admin"} - {needed})
    refused = secured_sqlite.request(
        method, url, headers=showing_key(secured_sqlite, "ann", scopes=others), content=b"not even JSON"
    )
    assert (refused.status_code, refused.json()["title"]) == (403, "Not allowed")
    assert f'scope="{needed}"' in refused.headers["www-authenticate"]


def test_pages_are_there_for_everybody(secured_sqlite: TestClient) -> None:
    for path in ("/", "/docs", "/openapi.json"):
        assert secured_sqlite.get(path).status_code == 200


def test_the_document_says_that_it_wants_keys(secured_sqlite: TestClient) -> None:
    document = secured_sqlite.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for operations in document["paths"].values():
        for operation in operations.values():
            wanted: list[dict[str, list[str]]] | None = (
                [{"key": []}] if operation["operationId"] not in OPEN else None
            )
            assert operation.get("security") == wanted
            operation.pop("security", None)
    assert document == json.loads(json.dumps(DOCUMENT))


def test_without_auth_nobody_is_asked(sqlite_client: TestClient) -> None:
    statements: list[str] = []
    database: Database = sqlite_client.app.state.database  # type: ignore[attr-defined]  # see above
    identifier = sqlite_client.post("/v1/experiments", json={"dataset": "iris"}).json()["id"]
    for engine in (database.engine, database._reading_engine):  # noqa: SLF001 - to see all it is asked
        sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    sqlite_client.get(f"/v1/experiments/{identifier}", headers=bearer("key_nobody"))
    assert statements
    assert [statement for statement in statements if "api_keys" in statement] == []


def test_failures_are_limited_by_address_and_never_refuse_a_valid_key(secured: TestClient) -> None:
    ann = showing_key(secured, "ann")
    found = [secured.get("/v1/limits", headers=bearer("nonsense")).status_code for _ in range(61)]
    assert found == [401] * 60 + [429]
    refused = secured.get("/v1/limits")
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert [secured.get("/v1/limits", headers=ann).status_code for _ in range(60)] == [200] * 60


def test_failures_are_limited_by_key_from_many_addresses(
    fresh_sqlite_url: str, open_client: OpenClient
) -> None:
    secured = open_client(fresh_sqlite_url, auth="on", max_failed_keys_per_minute=3)
    clients = [TestClient(secured.app, client=(f"192.0.2.{number}", 1)) for number in range(6)]
    token = new_key(secured, "ann").token
    guessed = bearer(token[:-4] + "AAAA")
    assert [each.get("/v1/limits", headers=guessed).status_code for each in clients] == [401] * 3 + [429] * 3
    assert clients[0].get("/v1/limits", headers=bearer("nonsense")).status_code == 401
    assert clients[5].get("/v1/limits", headers=bearer(token)).status_code == 200


def test_a_class_behind_one_address_comes_in(secured: TestClient) -> None:
    everybody = [showing_key(secured, f"student{number}") for number in range(60)]
    together = Barrier(len(everybody))

    def one(headers: dict[str, str]) -> int:
        together.wait()
        return secured.get("/v1/experiments", headers=headers).status_code

    with ThreadPoolExecutor(len(everybody)) as pool:
        assert set(pool.map(one, everybody)) == {200}


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.5", ["203.0.113.9, 198.51.100.7, 10.0.0.6"], "198.51.100.7"),
        ("10.0.0.5", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.5", ["198.51.100.7, nonsense"], "10.0.0.5"),
        ("::ffff:10.0.0.5", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("testclient", ["198.51.100.7"], "testclient"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_came_from(
    peer: str, forwarded: list[str], found: str
) -> None:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})
    trusted = Settings.model_validate({"trusted_proxies": "10.0.0.0/24"}).trusted_proxies
    assert client_address(request, trusted) == found
