"""The real application on a real database; only the server in front of it is left out. Some of it wants keys."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.service.openapi.documented import assert_documented

OpenClient = Callable[..., TestClient]


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[OpenClient]:
    """Open a client of an application on the database of a URL, as it is, with some settings."""
    clients = []

    def open_one(url: str, **settings: Any) -> TestClient:
        app = create_app(Settings(data_dir=tmp_path, database_url=url, **{"access_log": False, **settings}))
        client = TestClient(app, base_url="http://127.0.0.1", headers={"Accept": "*/*"})
        client.event_hooks = {"response": [assert_documented]}
        clients.append(client)
        client.__enter__()
        return client

    yield open_one
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(fresh_database_url: str, open_client: OpenClient) -> TestClient:
    """Return a client of an application on an empty database; its tests run on SQLite and on PostgreSQL."""
    return open_client(fresh_database_url)


@pytest.fixture
def sqlite_client(fresh_sqlite_url: str, open_client: OpenClient) -> TestClient:
    """Return the same on SQLite only, for what has nothing to do with the database."""
    return open_client(fresh_sqlite_url)


@pytest.fixture
def database(client: TestClient) -> Database:
    """Return the client's database, in which a test can do what the engine does."""
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    return database


@pytest.fixture
def secured(fresh_database_url: str, open_client: OpenClient) -> TestClient:
    """Return a client of an application that wants keys, which has none."""
    return open_client(fresh_database_url, auth="on")


@pytest.fixture
def secured_sqlite(fresh_sqlite_url: str, open_client: OpenClient) -> TestClient:
    """Return the same on SQLite only."""
    return open_client(fresh_sqlite_url, auth="on")
