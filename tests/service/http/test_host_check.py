"""A service that lets everybody in is for its own machine: nobody else reaches it, and no web page does by a trick."""

import contextlib

import pytest
from fastapi.testclient import TestClient

from service.http.exposure import ExposedError, is_loopback, refuse_exposure
from service.settings import Settings
from tests.cases import folded
from tests.service.conftest import OpenClient

OTHERS = ["rebound.example", "rebound.example:8000", "127.0.0.1.example", "localhost.example", "10.0.0.1", ""]
OWN = ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"]


@folded("host", OTHERS)
@folded("path", ["/v1/experiments", "/livez", "/docs", "/nowhere"])
def test_a_request_for_another_host_is_refused(sqlite_client: TestClient, host: str, path: str) -> None:
    refused = sqlite_client.get(path, headers={"Host": host})
    assert (refused.status_code, refused.json()["title"]) == (421, "Misdirected request")
    assert "localhost" in refused.json()["detail"]
    assert refused.json()["request_id"] == refused.headers["x-request-id"]


@folded("host", OWN)
def test_one_for_this_machine_is_not(sqlite_client: TestClient, host: str) -> None:
    assert sqlite_client.get("/v1/experiments", headers={"Host": host}).status_code == 200


def test_the_configured_host_counts(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    client = open_client(fresh_sqlite_url, host="127.0.0.7")
    assert client.get("/livez", headers={"Host": "127.0.0.7:8000"}).status_code == 200
    assert client.get("/livez", headers={"Host": "127.0.0.8:8000"}).status_code == 421


@pytest.mark.parametrize("settings", [{"auth": "on"}, {"host": "0.0.0.0"}])  # noqa: S104 - nothing is bound
def test_any_host_will_do_where_keys_are_wanted_or_everybody_may_come(
    fresh_sqlite_url: str, open_client: OpenClient, settings: dict[str, str]
) -> None:
    client = open_client(fresh_sqlite_url, **settings)
    assert client.get("/livez", headers={"Host": "train.example"}).status_code == 200


@folded(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("::", False),
        ("", False),
        ("10.0.0.1", False),
        ("train.example", False),
        ("localhost.example", False),
    ],
)
def test_only_this_machine_reaches_what_listens_there(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected
    refuse_exposure(Settings(host=host, auth="on"))
    refuse_exposure(Settings(host=host, open_to_everyone=True))
    with contextlib.nullcontext() if expected else pytest.raises(ExposedError, match="OPEN_TO_EVERYONE"):
        refuse_exposure(Settings(host=host))


@folded("origin", ["https://other.example", "http://localhost.example:8000", "null", "x", ""])
def test_a_page_of_another_site_changes_nothing(sqlite_client: TestClient, origin: str) -> None:
    file = {"file": ("a.csv", b"a,b\n1,x\n2,y\n")}
    refused = sqlite_client.post("/v1/datasets", headers={"Origin": origin}, files=file, data={"target": "b"})
    assert (refused.status_code, refused.json()["title"]) == (403, "Not allowed")
    assert "TRAINYARD_CORS_ORIGINS" in refused.json()["detail"]
    assert sqlite_client.get("/v1/experiments", headers={"Origin": origin}).status_code == 200


@folded("origin", ["http://localhost:3000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_one_of_this_machine_does(sqlite_client: TestClient, origin: str) -> None:
    made = sqlite_client.post("/v1/experiments", headers={"Origin": origin}, json={"dataset": "iris"})
    assert made.status_code == 201


def test_and_so_does_one_that_is_named(fresh_sqlite_url: str, open_client: OpenClient) -> None:
    client = open_client(fresh_sqlite_url, cors_origins="https://lab.example")
    for origin, status in (("https://lab.example", 201), ("https://other.example", 403)):
        made = client.post("/v1/experiments", headers={"Origin": origin}, json={"dataset": "iris"})
        assert made.status_code == status
