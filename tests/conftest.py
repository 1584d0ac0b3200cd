"""Databases for the tests: SQLite files, and PostgreSQL databases on a server started for the session.

Where two processes share the tests, each of them is a session of its own, with its own server.
"""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
import sqlalchemy

from engine import blas
from service.storage.database import Base, Database, migrate
from tests.postgresql import PostgresqlServer, running_server

# A time limit for one example fails on a machine that is busy with something else.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

# What the service does before it loads NumPy: a test computes as a worker does, on one thread.
blas.prepare()


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
    with new_postgresql(postgresql_server_url) as url:
        yield url


@contextlib.contextmanager
def new_postgresql(server_url: str) -> Iterator[str]:
    """URL of a database that is there as long as the context."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        url = sqlalchemy.make_url(server_url).set(database=name)
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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty, migrated SQLite file to be copied, which takes less time than to migrate."""
    file = tmp_path_factory.mktemp("template") / "trainyard.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server_url: str) -> Iterator[Database]:
    """Yield a migrated PostgreSQL database to be emptied, which takes less time than to make one."""
    with new_postgresql(postgresql_server_url) as url:
        migrate(url)
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def fresh_sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """URL of an empty, migrated SQLite file."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'copy.db')}"


@pytest.fixture
def fresh_postgresql_url(migrated_postgresql: Database) -> str:
    """URL of an empty, migrated PostgreSQL database."""
    # One string is one trip to the server.
    deletions = [str(sqlalchemy.delete(table)) for table in reversed(Base.metadata.sorted_tables)]
    with migrated_postgresql.transaction() as session:
        session.connection().exec_driver_sql(";".join(deletions))
    return migrated_postgresql.url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty, migrated database; a test that takes it runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"fresh_{request.param}_url")
    return url
