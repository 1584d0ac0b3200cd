"""What every answer has around it: headers for browsers, compression, other sites' pages."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from service.app import create_app
from service.http.compression import MINIMUM_BYTES
from service.http.exposure import ExposedError, refuse_exposure
from service.settings import Settings
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient

URL = "/v1/experiments"
THEIRS = "https://lab.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match, x-own"}


@pytest.fixture
def open_to_pages(
    fresh_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """Yield a client of an application that lets pages of two origins in."""
    monkeypatch.setenv("TRAINYARD_CORS_ORIGINS", f"{THEIRS}, http://127.0.0.1:5173")
    app = create_app(Settings(data_dir=tmp_path, database_url=fresh_sqlite_url))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def test_a_misspelled_path_takes_no_openapi_document(sqlite_client: TestClient) -> None:
    app = sqlite_client.app
    assert isinstance(app, FastAPI)
    assert "Did you mean" in sqlite_client.get("/v1/experiment").json()["detail"]
    assert app.openapi_schema is None
    assert set(app.state.paths) == set(app.openapi()["paths"])


@folded("path", ["/livez", URL, "/nothing", "/openapi.json", "/docs", "/docs/swagger-ui/swagger-ui.css"])
def test_browsers_do_no_more_than_is_meant(sqlite_client: TestClient, path: str) -> None:
    headers = sqlite_client.get(path).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert headers.get_list("x-frame-options") == ["DENY"]
    [policy] = headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'self'" if path == "/docs" else "default-src 'none'")
    assert "frame-ancestors 'none'" in policy


def fetch(client: TestClient, path: str, **headers: str) -> tuple[Any, bytes]:
    """An answer, and its bytes as they came, which nobody may have read before."""
    client.event_hooks = {}
    with client.stream("GET", path, headers=headers) as response:
        return response, b"".join(response.iter_raw())


@folded("accepted", ["gzip", "br, GZIP;q=0.5", "deflate, gzip; q=1"])
def test_a_long_answer_is_compressed(sqlite_client: TestClient, accepted: str) -> None:
    plain, content = fetch(sqlite_client, "/openapi.json", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    compressed, shorter = fetch(sqlite_client, "/openapi.json", **{"Accept-Encoding": accepted})
    assert compressed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in compressed.headers["vary"]
    assert gzip.decompress(shorter) == content
    assert int(compressed.headers["content-length"]) == len(shorter) < len(content) / 5


@folded("accepted", ["", "gzip;q=0", "gzip; q=0.00", "br", "x-gzipped"])
def test_only_for_those_who_take_it(sqlite_client: TestClient, accepted: str) -> None:
    response, _ = fetch(sqlite_client, "/openapi.json", **{"Accept-Encoding": accepted})
    assert "content-encoding" not in response.headers


def test_what_is_short_is_not(sqlite_client: TestClient) -> None:
    created = sqlite_client.post(URL, json={"dataset": "iris"})
    response, content = fetch(sqlite_client, created.headers["location"], **{"Accept-Encoding": "gzip"})
    assert "content-encoding" not in response.headers
    assert len(content) < MINIMUM_BYTES


def test_a_curve_is_compressed_piece_by_piece_and_polled(
    sqlite_client: TestClient, fresh_sqlite_url: str
) -> None:
    database = Database(fresh_sqlite_url)
    identifier = sqlite_client.post(URL, json={"dataset": "iris"}).json()["id"]
    rows.add_epochs(database, identifier, 300)
    database.close()
    url = f"{URL}/{identifier}/metrics"
    _, plain = fetch(sqlite_client, url, **{"Accept-Encoding": "identity"})
    response, content = fetch(sqlite_client, url, **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(content) == plain
    assert set(response.headers["vary"].split(", ")) == {"Accept", "Accept-Encoding"}
    tag = response.headers["etag"]
    assert tag.startswith('W/"')
    assert sqlite_client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_change_takes_the_tag_of_a_compressed_answer(sqlite_client: TestClient) -> None:
    created = sqlite_client.post(URL, json={"dataset": "iris"})
    tag = f"W/{created.headers['etag']}"
    changed = sqlite_client.patch(created.headers["location"], json={"name": "n"}, headers={"If-Match": tag})
    assert changed.status_code == 200


@pytest.mark.parametrize("form", ["safetensors", "json"])
def test_weights_are_not(sqlite_client: TestClient, fresh_sqlite_url: str, form: str) -> None:
    database = Database(fresh_sqlite_url)
    identifier = sqlite_client.post(URL, json={"dataset": "iris"}).json()["id"]
    header = b'{"w":{"dtype":"F32","shape":[20000],"data_offsets":[0,80000]}}'
    content = len(header).to_bytes(8, "little") + header + bytes(80000)
    rows.add_checkpoint(database, identifier, content, piece=100_000)
    database.close()
    url = f"{URL}/{identifier}/checkpoints/best/content?format={form}"
    response, sent = fetch(sqlite_client, url, **{"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert len(sent) > 3 * MINIMUM_BYTES
    assert "content-encoding" not in response.headers


def test_a_page_of_a_named_origin_is_let_in(open_to_pages: TestClient) -> None:
    created = open_to_pages.post(URL, json={"dataset": "iris"}, headers={"Origin": THEIRS})
    assert created.headers["access-control-allow-origin"] == THEIRS
    assert "Location" in created.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in created.headers
    preflight = open_to_pages.options(URL, headers={"Origin": THEIRS, **PREFLIGHT})
    assert preflight.status_code == 200
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "if-match, x-own"
    refused = open_to_pages.get("/nothing", headers={"Origin": THEIRS})
    assert refused.headers["access-control-allow-origin"] == THEIRS


@folded("origin", ["https://evil.example.org", f"{THEIRS}.evil.org", "null"])
def test_a_page_of_another_origin_is_not(
    open_to_pages: TestClient, sqlite_client: TestClient, origin: str
) -> None:
    for client in (open_to_pages, sqlite_client):
        for response in (
            client.get(URL, headers={"Origin": origin}),
            client.options(URL, headers={"Origin": origin, **PREFLIGHT}),
        ):
            assert not [name for name in response.headers if name.startswith("access-control-")]
    assert client.options(URL, headers={"Origin": origin, **PREFLIGHT}).status_code == 405
    assert open_to_pages.get(URL, headers={"Origin": origin}).headers["vary"] == "Origin"


@pytest.mark.parametrize("settings", [{"auth": "on"}, {"open_to_everyone": "true"}])
@pytest.mark.parametrize("origin", ["https://any.example.org", "null"])
def test_a_star_lets_every_page_in(
    fresh_sqlite_url: str, open_client: OpenClient, settings: dict[str, str], origin: str
) -> None:
    client = open_client(fresh_sqlite_url, cors_origins="*", **settings)
    refuse_exposure(client.app.state.settings)  # type: ignore[attr-defined]  # the client only knows an ASGI app
    headers = {"Origin": origin}
    if "auth" in settings:
        headers |= showing_key(client, "ann")
    created = client.post(URL, json={"dataset": "iris"}, headers=headers)
    assert created.status_code == 201
    assert created.headers["access-control-allow-origin"] == "*"
    preflight = client.options(URL, headers={"Origin": origin, **PREFLIGHT})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-headers"] == "if-match, x-own"


def test_a_star_where_everybody_may_do_everything_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRAINYARD_CORS_ORIGINS", f"{THEIRS}, *")
    with pytest.raises(ExposedError, match=r"any web page .* TRAINYARD_AUTH=on"):
        refuse_exposure(Settings())


def test_origins_are_compared_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "https://Lab.Example.org:443,http://lab:80,http://lab:8080,https://lab:80,http://[::1]:5173"
    monkeypatch.setenv("TRAINYARD_CORS_ORIGINS", given)
    expected = (
        "https://lab.example.org",
        "http://lab",
        "http://lab:8080",
        "https://lab:80",
        "http://[::1]:5173",
    )
    assert Settings().cors_origins == expected


@folded(
    "text",
    [
        "example.org",
        "https://a.org/path",
        "https://a.org;https://b.org/",
        "ftp://a",
        "https://*.a.org",
        "https://me@a.org",
        "https://münchen.de",
    ],
)
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TRAINYARD_CORS_ORIGINS", text)
    with pytest.raises(ValidationError, match="separated by commas"):
        Settings()
