"""The sweeper goes on, whatever the database does to it."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.datasets.models import DatasetUploadRow
from service.execution.upkeep import sweeper
from service.execution.upkeep.sweeper import Sweeper
from service.leftovers.models import LeftoverRow
from service.storage import sqlite
from service.storage.database import Database
from tests.end_to_end.harness import wait_for


def pieces(database: Database) -> int:
    with database.reading() as session:
        return session.execute(sa.select(sa.func.count()).select_from(DatasetUploadRow)).scalar_one()


def pages(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


def leave_a_piece(database: Database) -> None:
    with database.transaction() as session:
        session.add(DatasetUploadRow(dataset_id="gone", position=0, content=bytes(2_000_000)))
        session.add(LeftoverRow(kind="upload", id="gone"))


def test_a_file_that_was_locked_is_swept_and_shrunk_later(
    fresh_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 100)
    monkeypatch.setattr(sweeper, "LOOK_SECONDS", 0.05)
    stop = threading.Event()
    with closing(Database(fresh_sqlite_url)) as database:
        file = Path(str(database.url.database))
        leave_a_piece(database)
        large = pages(file)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            thread = threading.Thread(target=Sweeper(database, lambda: True).run, args=[stop])
            thread.start()
            stop.wait(1.0)
            assert thread.is_alive()
            assert pieces(database) == 1
            other.execute("ROLLBACK")
        try:
            wait_for(lambda: pieces(database) == 0, "the piece to go")
            wait_for(lambda: pages(file) < large - 400, "the file to shrink")
        finally:
            stop.set()
            thread.join()
