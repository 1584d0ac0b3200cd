"""An SQLite file: connections that only read, connections that write, and the turn of this process's writers."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

__all__ = ["Turn", "sqlite_engine"]

BUSY_MILLISECONDS = 15_000
"""How long a writer waits for the one before it."""


def sqlite_engine(url: URL, *, read_only: bool, **options: Any) -> Engine:
    """Connections to the file of this URL, for reading alone or for transactions that may write."""
    file = Path(str(url.database)).expanduser().absolute()
    engine = sa.create_engine(url.set(database=str(file)), **options)
    event.listen(engine, "connect", _prepare_reader if read_only else _prepare)
    event.listen(engine, "begin", _begin if read_only else _begin_writing)
    return engine


class Turn:
    """Lets the threads of a process write one after another.

    SQLite has a writer at a time, and one that finds it taken sleeps and tries again: with many of them most of the
    time is slept away, and some are passed over again and again. Who waits here for too long goes on to SQLite, which
    says what is wrong.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for this thread's turn, which ends with the block."""
        ours = self._lock.acquire(timeout=BUSY_MILLISECONDS / 1000)
        try:
            yield
        finally:
            if ours:
                self._lock.release()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by its own rules; the functions below do instead.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _prepare_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare(connection, record)
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    # A transaction that reads before it writes must hold the write lock from the start: it could not get it
    # later without ignoring what others wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
