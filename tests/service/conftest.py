"""The real application on a real database; only the server in front of it is left out."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.database import Database, migrate
from service.settings import Settings

OpenClient = Callable[[str], TestClient]


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[OpenClient]:
    """Open a client of an application on the database of a URL, as it is."""
    clients = []

    def open_one(url: str) -> TestClient:
        app = create_app(Settings(data_dir=tmp_path, database_url=url))
        client = TestClient(app, headers={"Accept": "*/*"})
        clients.append(client)
        client.__enter__()
        return client

    yield open_one
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(database_url: str, open_client: OpenClient) -> TestClient:
    """Return a client of an application on an empty, migrated database; its tests run on SQLite and on PostgreSQL."""
    migrate(database_url)
    return open_client(database_url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty, migrated SQLite file to be copied, which takes less time than to migrate."""
    file = tmp_path_factory.mktemp("template") / "trainyard.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_client(migrated_file: Path, tmp_path: Path, open_client: OpenClient) -> TestClient:
    """Return the same on SQLite only, for what has nothing to do with the database."""
    file = shutil.copy(migrated_file, tmp_path / "copy.db")
    return open_client(f"sqlite:///{file}")


@pytest.fixture
def database(client: TestClient) -> Database:
    """Return the client's database, in which a test can do what the engine does."""
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    return database
