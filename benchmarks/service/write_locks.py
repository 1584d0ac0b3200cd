"""Prints for how long each kind of work on an 18 MB checkpoint holds SQLite's one write lock, at the most.

python -m benchmarks.service.write_locks
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from service.access.caller import LOCAL_OWNER
from service.execution.dispatching import repository
from service.execution.upkeep.sweeping import sweep
from service.execution.worker.dispatches import WorkerProcess
from service.experiments.actions import delete
from service.experiments.service import submit
from service.storage.database import Database, migrate

DOCUMENT: dict[str, Any] = {
    "dataset": "digits",
    "architecture": [2000, 2000],
    "max_epochs": 2,
    "optimizer": {"name": "sgd"},
    "batch_size": 512,
    "seed": 1,
}


class Holders:
    """Times every transaction of this process that writes, from its BEGIN until its connection is given back."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0
        self._begun: dict[int, float] = {}
        event.listen(Engine, "after_cursor_execute", self._note_begin)
        event.listen(Pool, "checkin", self._note_end)

    def _note_begin(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "BEGIN IMMEDIATE":
            self._begun[id(connection.connection.dbapi_connection)] = time.monotonic()

    def _note_end(self, connection: Any, _record: Any) -> None:
        if (begun := self._begun.pop(id(connection), None)) is not None:
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - begun)

    def show(self, what: str) -> None:
        """Print the longest since the last time."""
        sys.stdout.write(f"{what:<12} {1000 * self.longest_seconds:6.1f} ms\n")
        self.longest_seconds = 0.0


def main() -> None:
    """Train, begin another experiment with the weights, delete the first and sweep."""
    with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
        url = f"sqlite:///{folder}/trainyard.sqlite3"
        migrate(url)
        holders = Holders()
        with closing(Database(url)) as database, closing(WorkerProcess(url, Path(folder), 2**30)) as worker:
            with database.transaction() as session:
                source = submit(session, LOCAL_OWNER, DOCUMENT).row.id
            with database.transaction() as session:
                (dispatch_id,) = repository.claim(session, "engine", lambda _live: 1)
            worker.train(dispatch_id)
            holders.show("train")
            with database.transaction() as session:
                submit(session, LOCAL_OWNER, {**DOCUMENT, "init": {"name": "given", "checkpoint": source}})
            holders.show("warm start")
            with database.transaction() as session:
                delete(session, LOCAL_OWNER, source)
            holders.show("delete")
            sweep(database)
            holders.show("sweep")


if __name__ == "__main__":
    main()
