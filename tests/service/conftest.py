"""The real application on a real database; only the server in front of it is left out."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from fastapi.testclient import TestClient

from service.app import create_app
from service.database import Base, Database, migrate
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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty, migrated SQLite file to be copied, which takes less time than to migrate."""
    file = tmp_path_factory.mktemp("template") / "trainyard.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server_url: str) -> Iterator[Database]:
    """Yield a migrated PostgreSQL database to be emptied, which takes less time than to make one."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        url = sqlalchemy.make_url(postgresql_server_url).set(database=name)
        database = Database(url.render_as_string(hide_password=False))
        migrate(url.render_as_string(hide_password=False))
        yield database
        database.close()
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def fresh_sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """URL of an empty, migrated SQLite file."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'copy.db')}"


@pytest.fixture
def fresh_postgresql_url(migrated_postgresql: Database) -> str:
    """URL of an empty, migrated PostgreSQL database."""
    with migrated_postgresql.transaction() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(sqlalchemy.delete(table))
    return migrated_postgresql.url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, open_client: OpenClient) -> TestClient:
    """Return a client of an application on an empty database; its tests run on SQLite and on PostgreSQL."""
    return open_client(request.getfixturevalue(f"fresh_{request.param}_url"))


@pytest.fixture
def sqlite_client(fresh_sqlite_url: str, open_client: OpenClient) -> TestClient:
    """Return the same on SQLite only, for what has nothing to do with the database."""
    return open_client(fresh_sqlite_url)


@pytest.fixture
def database(client: TestClient) -> Database:
    """Return the client's database, in which a test can do what the engine does."""
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    return database
