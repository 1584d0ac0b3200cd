"""Databases for the tests: SQLite files, and PostgreSQL databases on a server started for the session."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from tests.postgresql import PostgresqlServer, running_server


@pytest.fixture(scope="session")
def postgresql_server_url() -> Iterator[str]:
    """URL of a database on a server where tests may create databases: TEST_DATABASE_URL, else an own server."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
    else:
        with running_server() as server:
            yield server.url()


@pytest.fixture
def private_postgresql() -> Iterator[PostgresqlServer]:
    """Yield a server of the test's own, which it may stop and start again."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server_url: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        url = sqlalchemy.make_url(postgresql_server_url).set(database=name)
        yield url.render_as_string(hide_password=False)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'trainyard.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database; a test that takes it runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
