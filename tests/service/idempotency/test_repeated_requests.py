"""Requests that are sent again with their key, through the real application and on both databases."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from service.http.route import StrictRoute
from service.http.sessions import Reading, Transaction
from service.idempotency import service
from service.idempotency.models import IdempotencyKeyRow
from service.idempotency.service import Once
from service.storage.database import Database, utc_now
from tests.cases import folded

PATH = "/v1/experiments"
KEY = {"Idempotency-Key": "3f1c-first"}
BODY = {"dataset": "iris", "name": "once", "metadata": {"a": "1", "b": "2"}}


def experiments(client: TestClient) -> list[Any]:
    found: list[Any] = client.get(PATH).json()["data"]
    return found


def code_of(response: Any) -> str:
    assert response.status_code == 422
    [wrong] = response.json()["errors"]
    assert wrong["parameter"] == "Idempotency-Key"
    return str(wrong["code"])


def age(database: Database, by: timedelta) -> None:
    with database.transaction() as session:
        session.execute(sa.update(IdempotencyKeyRow).values(created_at=utc_now() - by))


def count_keys(database: Database) -> int:
    with database.reading() as session:
        return session.execute(sa.select(sa.func.count()).select_from(IdempotencyKeyRow)).scalar_one()


def test_a_body_with_a_key_is_parsed_once(sqlite_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, parse = [], json.loads

    def watched(text: Any, **options: Any) -> Any:
        parsed.append(text)
        return parse(text, **options)

    monkeypatch.setattr(json, "loads", watched)
    content = json.dumps(BODY)
    headers = {**KEY, "Content-Type": "application/json"}
    assert sqlite_client.post(PATH, content=content, headers=headers).status_code == 201
    assert parsed.count(content) == 1


def test_the_same_request_gets_the_same_answer(client: TestClient) -> None:
    first = client.post(PATH, json=BODY, headers=KEY)
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    reordered = {name: BODY[name] for name in reversed(BODY)}
    for body in (BODY, reordered):
        again = client.post(PATH, json=body, headers=KEY)
        assert again.status_code == 201
        assert again.content == first.content
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["idempotency-replayed"] == "true"
    assert [each["id"] for each in experiments(client)] == [first.json()["id"]]


def test_the_answer_is_that_of_a_request_without_a_key(client: TestClient) -> None:
    body = {**BODY, "seed": 1}
    with_key, without = client.post(PATH, json=body, headers=KEY), client.post(PATH, json=body)
    assert set(with_key.headers) == set(without.headers)
    shown = [
        {**each.json(), "id": "", "created_at": "", "links": "", "progress": ""}
        for each in (with_key, without)
    ]
    assert shown[0] == shown[1]
    assert client.get(with_key.headers["location"]).json() == with_key.json()


def test_another_body_with_the_same_key_is_refused(client: TestClient) -> None:
    client.post(PATH, json=BODY, headers=KEY)
    assert code_of(client.post(PATH, json={**BODY, "seed": 1}, headers=KEY)) == "key_reused"
    assert len(experiments(client)) == 1


def test_a_request_that_failed_may_be_corrected(client: TestClient) -> None:
    assert client.post(PATH, json={"dataset": "iriss"}, headers=KEY).status_code == 422
    assert client.post(PATH, json=BODY, headers=KEY).status_code == 201


def test_each_operation_has_keys_of_its_own(client: TestClient) -> None:
    first, second = (client.post(PATH, json=BODY).json()["links"] for _ in range(2))
    assert client.post(PATH, json=BODY, headers=KEY).status_code == 201
    assert client.post(first["pause"], headers=KEY).status_code == 202
    assert client.post(first["cancel"], headers=KEY).status_code == 202
    assert code_of(client.post(second["cancel"], headers=KEY)) == "key_reused"
    assert client.get(second["self"]).json()["status"] == "queued"


def test_an_action_that_is_repeated_late_does_nothing(client: TestClient) -> None:
    links = client.post(PATH, json=BODY).json()["links"]
    paused = client.post(links["pause"], headers=KEY)
    client.post(f"{links['self']}/resume")
    again = client.post(links["pause"], headers=KEY)
    assert (again.status_code, again.content) == (202, paused.content)
    assert again.json()["status"] == "paused"
    assert client.get(links["self"]).json()["status"] == "queued"


def test_an_answer_outlives_what_it_tells_of(client: TestClient) -> None:
    first = client.post(PATH, json=BODY, headers=KEY)
    client.delete(first.headers["location"])
    assert client.post(PATH, json=BODY, headers=KEY).content == first.content
    assert experiments(client) == []


def test_fifty_at_once_make_one(client: TestClient) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.post(PATH, json=BODY, headers=KEY), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 49
    assert len(experiments(client)) == 1


def test_a_key_is_forgotten_after_a_day(client: TestClient, database: Database) -> None:
    first = client.post(PATH, json=BODY, headers=KEY).json()
    age(database, service.KEPT - timedelta(minutes=1))
    assert client.post(PATH, json=BODY, headers=KEY).json() == first
    age(database, service.KEPT + timedelta(minutes=1))
    second = client.post(PATH, json={"dataset": "wine"}, headers=KEY)
    assert "idempotency-replayed" not in second.headers
    assert client.post(PATH, json={"dataset": "wine"}, headers=KEY).content == second.content
    assert len(experiments(client)) == 2


def test_old_keys_go_with_the_new_ones(client: TestClient, database: Database) -> None:
    old = {
        "owner": "local",
        "operation": "createExperiment",
        "fingerprint": "",
        "created_at": utc_now() - timedelta(hours=25),
    }
    with database.transaction() as session:
        rows = [{**old, "key": str(number)} for number in range(25)]
        session.execute(sa.insert(IdempotencyKeyRow), rows)
    for number, left in enumerate((16, 7, 3, 4)):
        client.post(PATH, json=BODY, headers={"Idempotency-Key": f"new-{number}"})
        assert count_keys(database) == left


@folded("key", ["", "x" * 256, "a b", "\u00fc", "\t"])
def test_a_key_that_is_none(sqlite_client: TestClient, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    assert code_of(sqlite_client.post(PATH, json=BODY, headers=headers)) == "text"
    assert experiments(sqlite_client) == []


def test_two_keys_are_none(sqlite_client: TestClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert code_of(sqlite_client.post(PATH, json=BODY, headers=headers)) == "repeated"


def test_what_could_not_be_committed_is_done_when_it_comes_again(sqlite_client: TestClient) -> None:
    def fail(_connection: sa.Connection) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    app = sqlite_client.app
    assert isinstance(app, FastAPI)
    engine = app.state.database.engine
    sa.event.listen(engine, "commit", fail)
    assert sqlite_client.post(PATH, json=BODY, headers=KEY).status_code == 503
    sa.event.remove(engine, "commit", fail)
    again = sqlite_client.post(PATH, json=BODY, headers=KEY)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


def test_who_waits_for_a_request_that_fails_is_the_first(database: Database) -> None:
    once = Once("local", "createExperiment", "k", "f")

    def claim() -> object:
        with database.transaction() as session:
            return service.claim(session, once)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert service.claim(session, once) is None
            other = pool.submit(claim)
            assert not other.done()
            session.rollback()
        assert other.result() is None


def test_owners_do_not_share_keys(database: Database) -> None:
    for owner in ("one", "two"):
        with database.transaction() as session:
            assert service.claim(session, Once(owner, "createExperiment", "k", owner)) is None


def test_where_repeated_requests_are_not_recognized_a_key_is_refused(sqlite_client: TestClient) -> None:
    router = APIRouter(route_class=StrictRoute)

    @router.post("/act")
    def act(session: Transaction) -> None:
        pytest.fail("It acted.")

    @router.post("/ask")
    def ask(session: Reading) -> str:
        return "nothing changed"

    app = sqlite_client.app
    assert isinstance(app, FastAPI)
    app.include_router(router)
    assert code_of(sqlite_client.post("/act", headers=KEY)) == "not_available"
    assert sqlite_client.post("/ask", headers=KEY).status_code == 200


def test_a_data_set_is_announced_once(sqlite_client: TestClient) -> None:
    first, again = (
        sqlite_client.post("/v1/datasets/announcements", json={"name": "mine"}, headers=KEY) for _ in range(2)
    )
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["Location"] == first.headers["Location"] == f"/v1/datasets/{first.json()['id']}"
