"""Every failure is a problem document, those of the framework and of the machine included."""

import logging
import re
import sqlite3

import psycopg
import pytest
import sqlalchemy
import sqlalchemy.event
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from service.http.problems import Problem
from service.storage.database import migrate
from tests.cases import folded
from tests.postgresql import PostgresqlServer
from tests.service.conftest import OpenClient


def problem_of(response: object, status: int) -> Problem:
    assert response.status_code == status  # type: ignore[attr-defined]  # httpx and httpx2 have one each
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]  # likewise
    problem = Problem.model_validate(response.json())  # type: ignore[attr-defined]  # likewise
    assert problem.status == status
    assert problem.type.startswith("urn:trainyard:problem:")
    assert problem.request_id == response.headers["x-request-id"]  # type: ignore[attr-defined]  # likewise
    return problem


@pytest.fixture
def app(sqlite_client: TestClient) -> FastAPI:
    """Return the application, to which a test may add a route that fails."""
    app = sqlite_client.app
    assert isinstance(app, FastAPI)
    return app


@folded("path", ["/nothing", "/v1", "/v1/experiments/", "/docs/swagger-ui/nothing.js", "/v1/sweeps", "/%00"])
def test_an_unknown_path(sqlite_client: TestClient, path: str) -> None:
    problem = problem_of(sqlite_client.get(path), 404)
    assert problem.detail.startswith("Nothing exists at ")


def test_a_misspelled_path_is_led_to_the_right_one(sqlite_client: TestClient) -> None:
    problem = problem_of(sqlite_client.post("/v1/experiment"), 404)
    assert 'Did you mean "/v1/experiments"?' in problem.detail


@folded(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/experiments", {"GET", "POST"}),
        ("PUT", "/v1/experiments/exp_1", {"GET", "PATCH", "DELETE"}),
        ("GET", "/v1/experiments/exp_1/cancel", {"POST"}),
        ("POST", "/readyz", {"GET"}),
        ("POST", "/docs/swagger-ui/swagger-ui.css", {"GET"}),
        ("OPTIONS", "/v1/experiments", {"GET", "POST"}),
        ("OPTIONS", "/v1/experiments/validate", {"POST"}),
        ("GET", "/v1/experiments/validate", {"POST"}),
        ("PATCH", "/v1/experiments/validate", {"POST"}),
        ("GET", "/v1/datasets/announcements", {"POST"}),
        ("TRACE", "/v1/version", {"GET"}),
    ],
)
def test_another_method(sqlite_client: TestClient, method: str, path: str, allowed: set[str]) -> None:
    response = sqlite_client.request(method, path)
    problem = problem_of(response, 405)
    assert set(response.headers["allow"].split(", ")) == allowed
    assert all(each in problem.detail for each in allowed)


def test_an_unforeseen_error_shows_nothing_of_the_inside(
    sqlite_client: TestClient, app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/broken")
    def broken() -> None:
        message = "the secret inside"
        raise RuntimeError(message)

    with caplog.at_level(logging.ERROR):
        response = sqlite_client.get("/broken")
    problem = problem_of(response, 500)
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert problem.request_id in caplog.text
    assert "the secret inside" in caplog.text


def test_the_frameworks_own_exception(sqlite_client: TestClient, app: FastAPI) -> None:
    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "I'm a teapot.", {"X-Tea": "green"})

    response = sqlite_client.get("/teapot")
    assert problem_of(response, 418).detail == "I'm a teapot."
    assert response.headers["x-tea"] == "green"


def test_an_answer_that_does_not_fit_its_own_schema(sqlite_client: TestClient, app: FastAPI) -> None:
    @app.get("/wrong", response_model=Problem)
    def wrong() -> dict[str, str]:
        return {"type": "incomplete"}

    problem_of(sqlite_client.get("/wrong"), 500)


@pytest.mark.parametrize(
    "path", ["/v1/experiments", "/v1/experiments/exp_01ARYZ6S41TSV4RRFFQ69G5FAV", "/readyz"]
)
def test_a_database_that_was_never_there(open_client: OpenClient, path: str) -> None:
    client = open_client("postgresql://nobody@127.0.0.1:1/nothing")
    response = client.get(path)
    assert "database" in problem_of(response, 503).detail
    assert int(response.headers["retry-after"]) > 0


def test_tables_that_are_not_there_yet(open_client: OpenClient, database_url: str) -> None:
    client = open_client(database_url)
    response = client.post("/v1/experiments", json={"dataset": "iris"})
    assert int(response.headers["retry-after"]) > 0
    problem_of(response, 503)


def test_a_database_that_goes_and_comes_back(
    open_client: OpenClient, private_postgresql: PostgresqlServer
) -> None:
    migrate(private_postgresql.url())
    client = open_client(private_postgresql.url())
    created = client.post("/v1/experiments", json={"dataset": "iris"}).json()
    private_postgresql.stop()
    problem_of(client.get(created["links"]["self"]), 503)
    problem_of(client.post("/v1/experiments", json={"dataset": "iris"}), 503)
    assert client.get("/livez").status_code == 200
    private_postgresql.start()
    assert client.get(created["links"]["self"]).json() == created
    assert len(client.get("/v1/experiments").json()["data"]) == 1


def test_what_could_not_be_committed_is_not_answered_as_done(sqlite_client: TestClient, app: FastAPI) -> None:
    def fail(_connection: sqlalchemy.Connection) -> None:
        raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    sqlalchemy.event.listen(app.state.database.engine, "commit", fail)
    problem_of(sqlite_client.post("/v1/experiments", json={"dataset": "iris"}), 503)
    sqlalchemy.event.remove(app.state.database.engine, "commit", fail)
    assert sqlite_client.get("/v1/experiments").json()["data"] == []


def test_a_full_disk_is_called_what_it_is(sqlite_client: TestClient, app: FastAPI) -> None:
    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    app.state.database.close()
    sqlalchemy.event.listen(app.state.database.engine, "connect", fill)
    large = {str(key): "x" * 500 for key in range(16)}
    for _ in range(1000):
        response = sqlite_client.post("/v1/experiments", json={"dataset": "iris", "metadata": large})
        if response.status_code != 201:
            break
    assert "Free some disk space" in problem_of(response, 507).detail
    assert int(response.headers["retry-after"]) > 0


def test_postgresqls_own_word_for_a_full_disk(sqlite_client: TestClient, app: FastAPI) -> None:
    @app.get("/full")
    def full() -> None:
        raise sqlalchemy.exc.OperationalError(
            "INSERT", {}, psycopg.errors.DiskFull("no space left on device")
        )

    problem_of(sqlite_client.get("/full"), 507)


def test_every_answer_has_an_id_of_its_own(sqlite_client: TestClient) -> None:
    first, second = (sqlite_client.get("/livez").headers["x-request-id"] for _ in range(2))
    assert first != second
    assert re.fullmatch(r"req_[0-9a-f]{16}", first)


@folded(
    ("given", "kept"),
    [
        ("abc-1.2_X", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("<script>", False),
        ("", False),
    ],
)
def test_a_clients_own_id_is_kept_if_it_is_sensible(
    sqlite_client: TestClient, given: str, kept: bool
) -> None:
    answered = sqlite_client.get("/nothing", headers={"X-Request-ID": given})
    assert (answered.headers["x-request-id"] == given) == kept
    assert answered.json()["request_id"] == answered.headers["x-request-id"]


def test_head_is_answered_like_get(sqlite_client: TestClient) -> None:
    assert sqlite_client.head("/v1/experiments").status_code == 200
    assert sqlite_client.head("/nothing").status_code == 404
