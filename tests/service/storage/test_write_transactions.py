"""What one transaction writes in an SQLite file is bounded, since all other writers wait for it."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from service.execution.upkeep.sweeping import sweep
from service.experiments.removal.repository import MOST_ROWS
from service.storage import sqlite
from service.storage.database import Base, Database
from tests.service import rows
from tests.service.conftest import OpenClient
from tests.service.datasets.uploading import read_all
from tests.service.http.event_loops import asked, train

LARGE: dict[str, Any] = {"dataset": "iris", "architecture": [1000, 1000], "max_epochs": 2, "seed": 1}
EPOCHS = 3 * MOST_ROWS
MOST_LOGGED, MOST_FREED = 3 * 2**19, 5 * 2**19
KEPT = {"alembic_version", "dataset_uploads", "owner_usage"}


class Transactions:
    """Measures each transaction: bytes added to the log, bytes freed in the file, and rows changed."""

    def __init__(self, file: Path) -> None:
        self._log = file.with_name(f"{file.name}-wal")
        self._begun: dict[int, tuple[int, int, int]] = {}
        self.count = self.log_bytes = self.freed_bytes = self.rows = 0

    def begin(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "BEGIN IMMEDIATE":
            driver = connection.connection.driver_connection
            self._begun[id(driver)] = self._now(driver)

    def end(self, driver: Any, _record: object) -> None:
        if (before := self._begun.pop(id(driver), None)) is None:
            return
        log, free, changed = (now - then for now, then in zip(self._now(driver), before, strict=True))
        self.count += 1
        self.log_bytes, self.freed_bytes = max(self.log_bytes, log), max(self.freed_bytes, 4096 * free)
        self.rows = max(self.rows, changed)

    @contextlib.contextmanager
    def ignored(self) -> Iterator[None]:
        """Leave transactions out that are not the service's."""
        kept = vars(self).copy()
        yield
        vars(self).update(kept)

    def _now(self, driver: Any) -> tuple[int, int, int]:
        (free,) = driver.execute("PRAGMA freelist_count").fetchone()
        return self._log.stat().st_size, free, driver.total_changes


@pytest.fixture
def transactions(fresh_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transactions]:
    # The log only grows.
    monkeypatch.setattr(sqlite, "_LOG_PAGES", 0)
    monkeypatch.setattr(sqlite, "_LOG_PAGES_AT_ONCE", 0)
    found = Transactions(Path(fresh_sqlite_url.removeprefix("sqlite:///")))
    event.listen(Engine, "after_cursor_execute", found.begin)
    event.listen(Pool, "checkin", found.end)
    yield found
    event.remove(Pool, "checkin", found.end)
    event.remove(Engine, "after_cursor_execute", found.begin)


def test_every_transaction_of_the_story_is_short(
    transactions: Transactions, fresh_sqlite_url: str, open_client: OpenClient, tmp_path: Path
) -> None:
    client = open_client(fresh_sqlite_url)
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    dataset = asked(client, "POST", "datasets", files={"file": ("pictures.npz", pictures())}).json()
    tmp_path.joinpath("reading").mkdir()
    read_all(database, tmp_path / "reading")
    id_ = asked(client, "POST", "experiments", json=LARGE).json()["id"]
    train(database, tmp_path)
    warm = {**LARGE, "init": {"name": "given", "checkpoint": id_}}
    other = asked(client, "POST", "experiments", json=warm).json()["id"]
    train(database, tmp_path)
    long = asked(client, "POST", "experiments", json={"dataset": dataset["id"]}).json()["id"]
    with transactions.ignored():
        rows.add_epochs(database, long, EPOCHS)
        rows.finish(database, long)
    for each in (id_, other, long):
        asked(client, "DELETE", f"experiments/{each}")
        assert client.get(f"/v1/experiments/{each}").status_code == 404
    assert asked(client, "GET", "experiments").json()["data"] == []
    asked(client, "DELETE", f"datasets/{dataset['id']}")
    sweep(database)
    assert left(database) == set()
    assert transactions.count > 60
    assert transactions.log_bytes <= MOST_LOGGED, transactions.log_bytes
    assert transactions.freed_bytes <= MOST_FREED, transactions.freed_bytes
    assert transactions.rows <= MOST_ROWS + 50, transactions.rows


def pictures() -> io.BytesIO:
    """A file of which more than one transaction's bytes are stored, before and after it is read."""
    random = np.random.default_rng(1)
    file = io.BytesIO()
    np.savez(file, x=random.integers(0, 256, (4000, 28, 28), np.uint8), y=np.arange(4000) % 3)
    return file


def left(database: Database) -> set[str]:
    with database.reading() as session:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            if table.name not in KEPT and session.scalar(sa.select(sa.func.count()).select_from(table))
        }
