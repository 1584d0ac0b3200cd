"""A link shows one experiment of an owner's, and nothing else, until it is revoked."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.keys.models import KeyRow
from service.storage.database import utc_now
from tests.service.access.keys import bearer, showing_key
from tests.service.access.two_owners import OPERATIONS, Ann, ask

SHOWN = {
    *("getExperiment", "getExperimentMetrics", "getExperimentEvents"),
    *("listCheckpoints", "getCheckpoint", "getCheckpointContent"),
}


def link(ann: Ann, **document: Any) -> Any:
    url = f"/v1/experiments/{ann.experiment_id}/links"
    made = ann.client.post(url, headers=ann.headers, json=document)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    return made.json()


def test_it_reads_that_experiment_and_nothing_else(secured: TestClient) -> None:
    ann = Ann(secured)
    teacher = bearer(link(ann, name="my teacher")["token"])
    for name, (_, _, operation) in OPERATIONS.items():
        if "x-required-scope" not in operation:
            continue
        found = {each.status_code for each in ask(secured, name, teacher, ann.own())}
        if name in SHOWN:
            assert 200 in found, name
            assert not found & {401, 403, 404}, name
        else:
            assert found == {403}, name
    others = {**ann.own(), "experiment_id": ann.waiting_id}
    for name in SHOWN:
        assert {each.status_code for each in ask(secured, name, teacher, others)} == {403}, name


def test_it_ends_when_it_is_deleted_expires_or_its_experiment_goes(secured: TestClient) -> None:
    ann = Ann(secured)
    this = f"/v1/experiments/{ann.experiment_id}"
    deleted, expiring, kept = (link(ann, expires_in_seconds=seconds) for seconds in (None, 60, None))
    tokens = [bearer(each["token"]) for each in (deleted, expiring, kept)]
    assert [secured.get(this, headers=each).status_code for each in tokens] == [200] * 3
    assert secured.delete(f"{this}/links/{deleted['id']}", headers=ann.headers).status_code == 204
    with ann.database.transaction() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(sa.update(KeyRow).where(KeyRow.id == expiring["id"]).values(expires_at=past))
    assert [secured.get(this, headers=each).status_code for each in tokens] == [401, 401, 200]
    assert secured.delete(this, headers=ann.headers).status_code == 204
    assert secured.get(this, headers=tokens[2]).status_code == 401


def test_its_owner_lists_them_without_tokens_and_no_administrator_does(secured: TestClient) -> None:
    ann = Ann(secured)
    made = link(ann, name="my teacher")
    url = f"/v1/experiments/{ann.experiment_id}/links"
    listed = secured.get(url, headers=ann.headers).json()["data"]
    token = made.pop("token")
    assert listed[-1] == made
    assert token.partition(".")[2] not in secured.get(url, headers=ann.headers).text
    admin = showing_key(secured, "root", scopes=["admin"])
    keys = secured.get("/v1/keys?limit=100", headers=admin)
    assert made["id"] not in keys.text
    assert secured.get(f"/v1/keys/{made['id']}", headers=admin).status_code == 404


def test_an_experiment_has_so_many_links_and_no_more(
    secured_sqlite: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.links.service.MOST_LINKS", 3)
    ann = Ann(secured_sqlite)  # who has one
    url = f"/v1/experiments/{ann.experiment_id}/links"
    found = [secured_sqlite.post(url, headers=ann.headers, json={}).status_code for _ in range(3)]
    assert found == [201, 201, 409]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": 5}, "#/name"),
        ({"expires_in_seconds": 0}, "#/expires_in_seconds"),
        ({"scope": "read"}, "#/scope"),
    ],
)
def test_a_wrong_link_is_not_made(secured_sqlite: TestClient, document: Any, pointer: str) -> None:
    ann = Ann(secured_sqlite)
    url = f"/v1/experiments/{ann.experiment_id}/links"
    refused = secured_sqlite.post(url, headers=ann.headers, json=document)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert len(secured_sqlite.get(url, headers=ann.headers).json()["data"]) == 1
