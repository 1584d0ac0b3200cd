"""Open, commit and migrate the database, all in this one place."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from typing_extensions import override

import migrations
from service.storage.sqlite import Turn, no_large_values, shrink, sqlite_engine

__all__ = [
    "Base",
    "Database",
    "DatabaseUrlError",
    "UtcDateTime",
    "is_current",
    "is_full",
    "migrate",
    "utc_now",
]

_CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}
_DISK_FULL = "53100"
_MEMORY = (None, "", ":memory:")


class DatabaseUrlError(ValueError):
    """Not the URL of a database that can be used; the message says so, for people."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f'"{url}" is not a database URL: use postgresql://user:password@host:port/name or '
            "sqlite:////absolute/path/to/file."
        )


def utc_now() -> datetime:
    """This machine's wall clock; no decision in the service compares two machines' clocks."""
    return datetime.now(UTC)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database, also where (SQLite) it has no time zones.

    Storing a naive datetime raises ValueError.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware point in time into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "A datetime must have a time zone."
            raise ValueError(message)
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what was stored its time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table; constraints are named by a rule, so that a migration can drop them by name."""

    metadata = sa.MetaData(naming_convention=_CONSTRAINT_NAMES)
    type_annotation_map = {  # noqa: RUF012 - declared so by SQLAlchemy
        datetime: UtcDateTime(),
        float: sa.Double(),
        dict[str, Any]: sa.JSON(none_as_null=True),
        list[Any]: sa.JSON(none_as_null=True),
    }


class Database:
    """Connections to one database and the two ways of using it; opens nothing before it is used.

    With ``patience_seconds`` a PostgreSQL that hangs for so long over one statement is taken to be away; without,
    it is waited for. Raises DatabaseUrlError.
    """

    def __init__(self, url: str, *, patience_seconds: float | None = None) -> None:
        self.url = _with_driver(url)
        if self.is_sqlite:
            self.engine = sqlite_engine(self.url, read_only=False, **_options())
            self._reading_engine = sqlite_engine(self.url, read_only=True, **_options())
            self._turn: Callable[..., AbstractContextManager[None]] = Turn().taken
            return
        from service.storage.postgresql import postgresql_engine  # noqa: PLC0415 - SQLite needs no driver of PostgreSQL

        self.engine = postgresql_engine(self.url, patience_seconds, **_options())
        self._reading_engine = self.engine.execution_options(postgresql_readonly=True)
        self._turn = contextlib.nullcontext

    @property
    def is_sqlite(self) -> bool:
        """Whether this is an SQLite file, which has one writer at a time and locks no single rows."""
        return self.url.get_backend_name() == "sqlite"

    def connections_in_use(self) -> int:
        """Number of connections in use from this process's pools."""
        pools = {self.engine.pool, self._reading_engine.pool}
        return sum(pool.checkedout() for pool in pools if isinstance(pool, sa.QueuePool))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self._turn(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def transaction_at_once(self) -> Iterator[Session]:
        """The same in an SQLite file for an event loop.

        Raises Busy, before the block, where another writes, and TooLarge where a large value is read or written.
        """
        with (
            self._turn(wait=False),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
            no_large_values(session),
        ):
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view of the database that blocks no writer; changing anything raises."""
        with Session(self._reading_engine, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def reading_at_once(self) -> Iterator[Session]:
        """The same in an SQLite file for an event loop: raises TooLarge if a large value is read."""
        with Session(self._reading_engine, expire_on_commit=False) as session, no_large_values(session):
            yield session

    def shrink(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Give the space of what was deleted back to the file system, as long as ``go_on`` says so.

        PostgreSQL uses it again by itself.
        """
        if self.is_sqlite:
            shrink(self.engine, go_on)

    def free_bytes(self) -> int | None:
        """Free bytes on the disk of an SQLite file; None for PostgreSQL, whose disk is not visible."""
        if not self.is_sqlite:
            return None
        return shutil.disk_usage(Path(str(self.url.database)).expanduser().absolute().parent).free

    def close(self) -> None:
        """Close every connection that is not in use; using the database again opens new ones."""
        self.engine.dispose()
        self._reading_engine.dispose()


def is_full(error: SQLAlchemyError) -> bool:
    """Whether it is for want of room that the database refused."""
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(original, "sqlstate", None) == _DISK_FULL


def migrate(url: str) -> None:
    """Bring the tables up to this version of the program; does nothing if they are.

    Processes may call it at the same time: one migrates, the others wait for it.
    """
    database = Database(url)
    try:
        with database.reading() as session:
            if is_current(session):
                return
        with database.engine.connect() as connection:
            migrations.upgrade(connection)
    finally:
        database.close()


def is_current(session: Session) -> bool:
    """Whether the tables are those that this version of the program was written for."""
    return migrations.revision(session.connection()) == migrations.HEAD


def _with_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError(url) from error
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None or (parsed.get_backend_name() == "sqlite" and parsed.database in _MEMORY):
        raise DatabaseUrlError(parsed.render_as_string())
    return parsed.set(drivername=driver)


def _options() -> dict[str, Any]:
    serializer = partial(json.dumps, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    # Enough connections for every thread of the API's pool: none waits for another's.
    return {"json_serializer": serializer, "pool_size": 8, "max_overflow": 40}
