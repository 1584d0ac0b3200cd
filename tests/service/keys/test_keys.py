"""The endpoints of keys."""

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.http.redaction import redacted
from service.keys import service
from service.keys.models import KeyRow
from service.storage.database import Database
from tests.cases import folded
from tests.service.access.keys import bearer, new_key, showing_key
from tests.service.conftest import OpenClient

URL = "/v1/keys"


@pytest.fixture
def admin(secured: TestClient) -> dict[str, str]:
    return showing_key(secured, "root", scopes=["admin"])


def test_a_key_is_what_was_asked_for_and_is_told_once(secured: TestClient, admin: dict[str, str]) -> None:
    asked = {"owner": "ann", "name": "laptop", "scopes": ["write", "read"], "limits": {"queued": 7}}
    made = secured.post(URL, headers=admin, json=asked)
    key = made.json()
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    token = key.pop("token")
    assert token.startswith(f"{key['id']}.")
    assert (key["owner"], key["name"], key["limits"]) == ("ann", "laptop", {"queued": 7})
    assert (key["scopes"], key["expires_at"], key["revoked_at"]) == (["read", "write"], None, None)
    assert secured.get(made.headers["location"], headers=admin).json() == key
    assert secured.get(URL, headers=admin).json()["data"][0] == key


def test_revoking_twice_is_harmless(secured: TestClient, admin: dict[str, str]) -> None:
    identifier = secured.post(URL, headers=admin, json={"owner": "ann"}).json()["id"]
    first, again = (secured.post(f"{URL}/{identifier}/revoke", headers=admin).json() for _ in range(2))
    assert first == again
    assert first["revoked_at"] is not None


def test_pages_of_keys(secured: TestClient, admin: dict[str, str]) -> None:
    made = [secured.post(URL, headers=admin, json={"owner": "ann"}).json()["id"] for _ in range(4)]
    page = secured.get(f"{URL}?limit=3&sort=created_at", headers=admin).json()
    rest = secured.get(f"{URL}?limit=3&sort=created_at&after={page['next']}", headers=admin).json()
    assert [each["id"] for each in page["data"] + rest["data"]][1:] == made
    assert (page["has_more"], rest["has_more"], rest["next"]) == (True, False, None)
    assert page["total"] == rest["total"] == len(made) + 1


@folded("identifier", ["x", "key_01M82SEWGSSP13BVT4KSNM62YK", "exp_01M82SEWGSSP13BVT4KSNM62YK"])
def test_no_such_key(secured: TestClient, admin: dict[str, str], identifier: str) -> None:
    assert secured.get(f"{URL}/{identifier}", headers=admin).status_code == 404
    assert secured.post(f"{URL}/{identifier}/revoke", headers=admin).status_code == 404


@folded(
    ("document", "pointers"),
    [
        ({}, ["#/owner"]),
        ({"owner": ""}, ["#/owner"]),
        ({"owner": "a" * 65}, ["#/owner"]),
        ({"owner": "-a"}, ["#/owner"]),
        ({"owner": 1, "name": 1, "scopes": 1, "limits": 1}, ["#/owner", "#/name", "#/scopes", "#/limits"]),
        ({"owner": "a", "name": "n" * 201}, ["#/name"]),
        ({"owner": "a", "scopes": []}, ["#/scopes"]),
        ({"owner": "a", "scopes": ["reed"]}, ["#/scopes"]),
        ({"owner": "a", "scopes": [["read"]]}, ["#/scopes"]),
        ({"owner": "a", "expires_in_seconds": 0}, ["#/expires_in_seconds"]),
        ({"owner": "a", "expires_in_seconds": 10**30}, ["#/expires_in_seconds"]),
        ({"owner": "a", "expires_in_seconds": 1.5}, ["#/expires_in_seconds"]),
        ({"owner": "a", "limits": {"queued": 0}}, ["#/limits/queued"]),
        ({"owner": "a", "limits": {"queued": 2**60}}, ["#/limits/queued"]),
        ({"owner": "a", "limits": {"queud": 1}}, ["#/limits/queud"]),
        ({"owner": "a", "ownr": "b"}, ["#/ownr"]),
    ],
)
def test_what_no_key_can_be(
    secured_sqlite: TestClient, document: dict[str, Any], pointers: list[str]
) -> None:
    admin = showing_key(secured_sqlite, "root", scopes=["admin"])
    before = secured_sqlite.get(URL, headers=admin).json()
    refused = secured_sqlite.post(URL, headers=admin, json=document)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == pointers
    assert secured_sqlite.get(URL, headers=admin).json() == before


def test_a_key_made_without_keys_is_void_until_it_is_confirmed(
    fresh_database_url: str, open_client: OpenClient
) -> None:
    asked = {"owner": "ann", "scopes": ["read", "admin"]}
    made = [open_client(fresh_database_url).post(URL, json=asked).json() for _ in range(3)]
    assert [key["confirmed"] for key in made] == [False] * 3
    secured = open_client(fresh_database_url, auth="on")
    database: Database = secured.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app

    def valid() -> list[bool]:
        answers = [secured.get(URL, headers=bearer(key["token"])) for key in made]
        assert all("keys confirm" in each.text for each in answers if each.status_code == 401)
        return [each.status_code == 200 for each in answers]

    assert valid() == [False] * 3
    with database.transaction() as session:
        assert service.count_unconfirmed(session) == 3
        assert service.confirm(session, [made[1]["id"]]) == [made[1]["id"]]
    assert valid() == [False, True, False]
    # Made where keys were required.
    later = secured.post(URL, headers=bearer(made[1]["token"]), json=asked).json()
    assert later["confirmed"]
    assert secured.get(URL, headers=bearer(later["token"])).status_code == 200
    with database.transaction() as session:
        service.revoke(session, made[2]["id"])
        assert service.count_unconfirmed(session) == 1
        assert len(service.confirm(session, None)) == 2
    assert valid() == [True, True, False]


def test_a_secret_is_kept_by_no_repetition(secured_sqlite: TestClient) -> None:
    admin = showing_key(secured_sqlite, "root", scopes=["admin"])
    again = {"Idempotency-Key": "1"}
    assert secured_sqlite.post(URL, headers=admin | again, json={"owner": "ann"}).status_code == 422


def test_what_is_stored_is_of_no_use(secured: TestClient) -> None:
    made = new_key(secured, "ann")
    secret = made.token.partition(".")[2]
    database: Database = secured.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    with database.reading() as session:
        row = session.get_one(KeyRow, made.row.id)
    stored = repr({column.name: getattr(row, column.name) for column in KeyRow.__table__.columns})
    assert secret not in stored
    assert secured.get("/v1/limits", headers=bearer(f"{row.id}.{row.digest[:43]}")).status_code == 401


def test_a_key_in_the_wrong_place_is_told_nobody(
    secured_sqlite: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, logger="service")
    token = new_key(secured_sqlite, "root", scopes=["read", "write", "admin"]).token
    secret, root = token.partition(".")[2], bearer(token)
    answers = [
        secured_sqlite.get("/v1/experiments"),
        secured_sqlite.get(f"/v1/keys/{token}", headers=root),
        secured_sqlite.get(f"/{token}", headers=root),
        secured_sqlite.get(f"/v1/experiments?{token}=1", headers=root),
        secured_sqlite.get(f"/v1/experiments?status={token}", headers=root),
        secured_sqlite.get(f"/v1/experiments?after={token}", headers=root),
        secured_sqlite.get(f"/v1/experiments/{token}", headers=root),
        secured_sqlite.post("/v1/keys", headers=root, json={token: 1, "owner": token, "scopes": [token]}),
        secured_sqlite.post("/v1/experiments", headers=root, json={"dataset": token, token: 1}),
        secured_sqlite.get("/v1/limits", headers={"Authorization": token}),
        secured_sqlite.get("/v1/limits", headers={"Authorization": f"Bearer {token}x"}),
        *(
            secured_sqlite.get("/v1/limits", headers={**root, "X-Request-ID": given})
            for given in (token, token[:64], f"2.{token[:60]}")
        ),
    ]
    assert {answer.status_code for answer in answers} == {200, 401, 404, 422}
    for answer in answers:
        assert secret[:8] not in answer.text
        assert secret[:8] not in str(answer.headers)
    database: Database = secured_sqlite.app.state.database  # type: ignore[attr-defined]  # see above
    database.close()
    assert secret not in caplog.text + "".join(capfd.readouterr())


def test_an_unforeseen_failure_logs_no_key(
    secured_sqlite: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = new_key(secured_sqlite, "ann").token
    monkeypatch.setattr("service.experiments.service.is_identifier", lambda text: 1 / 0)
    # As much of the key as fits into the header.
    headers = bearer(token) | {"X-Request-ID": token[:64]}
    failed = secured_sqlite.get(f"/v1/experiments/{token}", headers=headers)
    assert failed.status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert token[:40] not in caplog.text + failed.text + str(failed.headers)
    for text in (caplog.text, failed.text):
        assert token.partition(".")[2] not in text
        assert token.partition(".")[0] in text


def test_only_the_secret_is_left_out() -> None:
    token = "key_01M82SEWGSSP13BVT4KSNM62YK.bCDnKZOOYfx-lAJjmP4yxjFwS7UVxloKZ1GnH7cNl9s"  # noqa: S105 - nobody's
    text = f'"{token}", {token[:40]} and key_ or exp_01M82SEWGSSP13BVT4KSNM62YK.'
    shown = "key_01M82SEWGSSP13BVT4KSNM62YK.…"
    assert redacted(text) == f'"{shown}", {shown} and key_ or exp_01M82SEWGSSP13BVT4KSNM62YK.'
