"""SQLite connections: read-only ones, writing ones, and the lock between this process's writers."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

__all__ = [
    "AT_ONCE",
    "AT_ONCE_BYTES",
    "Busy",
    "TooLarge",
    "Turn",
    "no_large_values",
    "shrink",
    "sqlite_engine",
]

BUSY_MILLISECONDS = 15_000
"""Milliseconds a writer waits for another one."""

AT_ONCE = {"sqlite_at_once": True}
"""Execution options of a connection whose transaction begins at once, or raises Busy.

Such a transaction runs in an event loop. It touches no large values, and writes no log into the file.
"""

AT_ONCE_BYTES = 2**16
"""The largest value that is read, and the largest row that is written, in an event loop."""

_ANY_BYTES = 2**31 - 1
"""SQLite lowers it to what it was built for."""

_LOG_PAGES, _LOG_PAGES_AT_ONCE = 1_000, 8_000
"""The length of the log from which a commit moves it into the file.

In an event loop a commit leaves that to other writers, which in a running service write every second.
"""

_PAGES_AT_A_TIME = 500


class Busy(Exception):
    """Another writer is active, and this one does not wait."""


class TooLarge(Busy):
    """A value is too large for an event loop; a transaction in a thread may read or write it."""


def sqlite_engine(url: URL, *, read_only: bool, **options: Any) -> Engine:
    """Connections to the file of this URL, for reading alone or for transactions that may write."""
    file = Path(str(url.database)).expanduser().absolute()
    engine = sa.create_engine(url.set(database=str(file)), **options)
    event.listen(engine, "connect", _prepare_reader if read_only else _prepare)
    event.listen(engine, "begin", _begin if read_only else _begin_writing)
    return engine


def shrink(engine: Engine, go_on: Callable[[], bool]) -> None:
    """Give the file's free pages back as long as ``go_on`` says so, some at a time, and leave writers half of it.

    Raises OperationalError if the file is locked for too long, or the disk full.
    """
    with contextlib.closing(engine.raw_connection()) as pooled:
        connection: Any = pooled.dbapi_connection
        try:
            _vacuum(connection, go_on)
            # A reader pins the log, and waiting for it would block all writers.
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise OperationalError("shrink", None, error) from error
        finally:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")


def _vacuum(connection: sqlite3.Connection, go_on: Callable[[], bool]) -> None:
    before, left = None, _free_pages(connection)
    while left and left != before and go_on():
        begun = time.monotonic()
        # A plain execute would take one step of it, which is one page.
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_A_TIME})")
        before, left = left, _free_pages(connection)
        time.sleep(time.monotonic() - begun)


def _free_pages(connection: sqlite3.Connection) -> int:
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return free


@contextlib.contextmanager
def no_large_values(session: Session) -> Iterator[None]:
    """Begin a transaction at once; raises Busy, or TooLarge where SQLite refuses a value for its size."""
    session.connection(execution_options=AT_ONCE)
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_TOOBIG:
            raise TooLarge from error
        raise


class Turn:
    """Lets the threads of a process write one after another.

    SQLite has a writer at a time, and one that finds it taken sleeps and tries again: with many of them most of the
    time is slept away, and some are passed over again and again. Who waits here for too long goes on to SQLite, which
    says what is wrong.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def taken(self, *, wait: bool = True) -> Iterator[None]:
        """Wait for this thread's turn, which ends with the block; raises Busy instead where it is not to ``wait``."""
        ours = self._lock.acquire(timeout=BUSY_MILLISECONDS / 1000 if wait else 0)
        if not (ours or wait):
            raise Busy
        try:
            yield
        finally:
            if ours:
                self._lock.release()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by its own rules; the functions below do instead.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    # A file takes this on before there is anything in it: its free pages can then be given back without writing it
    # anew. Later it would only have to wait for its turn to write.
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Some builds of SQLite write zeros over all that is deleted, which takes as long as to write it did.
    connection.execute("PRAGMA secure_delete = FAST")


def _prepare_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare(connection, record)
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: Connection) -> None:
    _limit_values(connection)
    connection.exec_driver_sql("BEGIN")


def _limit_values(connection: Connection) -> bool:
    """Have SQLite refuse large values where the transaction begins at once, and only there; returns whether it does."""
    at_once = bool(connection.get_execution_options().keys() & AT_ONCE)
    driver: Any = connection.connection.driver_connection
    driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, AT_ONCE_BYTES if at_once else _ANY_BYTES)
    return at_once


def _begin_writing(connection: Connection) -> None:
    # A transaction that reads before it writes must hold the write lock from the start: it could not get it
    # later without ignoring what others wrote in between.
    at_once = _limit_values(connection)
    log_pages = _LOG_PAGES_AT_ONCE if at_once else _LOG_PAGES
    if connection.info.get("log_pages") != log_pages:
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {log_pages}")
        connection.info["log_pages"] = log_pages
    if not at_once:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        raise Busy from error
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
