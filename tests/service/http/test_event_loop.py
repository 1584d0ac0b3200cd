"""Nothing large is read or written in the event loop, where everybody's requests would wait for it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from service.storage.database import Database
from service.storage.sqlite import AT_ONCE_BYTES
from tests.service import rows
from tests.service.conftest import OpenClient
from tests.service.datasets.uploading import read_all, upload
from tests.service.http.event_loops import asked, train

LARGE: dict[str, Any] = {"dataset": "iris", "architecture": [400, 400], "max_epochs": 2, "seed": 1}
COLUMNS = 1500


class Statements:
    """Counts what each statement of an event loop reads and writes in an SQLite file."""

    def __init__(self) -> None:
        self.count = self.most = 0
        self._read: dict[int, int] = {}
        self.in_threads = 0

    def connect(self, connection: Any, _record: object) -> None:
        connection.row_factory = self._row

    def begin(self, _connection: Any, _cursor: Any, _statement: str, parameters: Any, *_: Any) -> None:
        self._note(size(parameters), new=True)

    def _row(self, _cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
        self._note(size(row), new=False)
        return row

    def _note(self, found: int, *, new: bool) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.in_threads = max(self.in_threads, found)
            return
        thread = threading.get_ident()
        self._read[thread] = found + (0 if new else self._read[thread])
        self.count += new
        self.most = max(self.most, self._read[thread])


def size(values: Any) -> int:
    if isinstance(values, (list, tuple)):
        return sum(map(size, values))
    return len(values) if isinstance(values, (str, bytes)) else 8


@pytest.fixture
def statements() -> Iterator[Statements]:
    found = Statements()
    event.listen(Engine, "connect", found.connect)
    event.listen(Engine, "before_cursor_execute", found.begin)
    yield found
    event.remove(Engine, "before_cursor_execute", found.begin)
    event.remove(Engine, "connect", found.connect)


def wide() -> bytes:
    """A file of so many columns that what is known of them is large."""
    lines = [[f"a rather long name of column {column}" for column in range(COLUMNS)]]
    lines += [[str((row * column) % 7) for column in range(COLUMNS)] for row in range(20)]
    labels = ["label", *("ab"[row % 2] for row in range(20))]
    return "\n".join(",".join([*line, label]) for line, label in zip(lines, labels, strict=True)).encode()


def test_no_statement_reads_or_writes_much(
    statements: Statements, fresh_sqlite_url: str, open_client: OpenClient, tmp_path: Path
) -> None:
    client = open_client(fresh_sqlite_url)
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    dataset = upload(client, wide(), target="label").json()["id"]
    tmp_path.joinpath("reading").mkdir()
    read_all(database, tmp_path / "reading")
    for path in ("", f"/{dataset}", f"/{dataset}/preview"):
        asked(client, "GET", f"datasets{path}")
    on_wide = {"dataset": dataset, "architecture": [4], "max_epochs": 1, "seed": 1}
    ids = [
        asked(client, "POST", "experiments", json=document, headers=headers).json()["id"]
        for document in (LARGE, on_wide)
        for headers in ({}, {"Idempotency-Key": "key"})[: 1 + (document is LARGE)]
    ]
    for _ in ids:
        train(database, tmp_path)
    # As an older version stored it.
    content = asked(client, "GET", f"experiments/{ids[0]}/checkpoints/best/content").content
    rows.add_checkpoint(database, ids[1], content, piece=8 * 2**20)
    for id_, document in zip(ids, (LARGE, LARGE, on_wide), strict=True):
        warm = {**document, "init": {"name": "given", "checkpoint": id_}}
        asked(client, "POST", "experiments/validate", json=warm)
        new = asked(client, "POST", "experiments", json=warm).json()["id"]
        for path in (id_, new, f"{id_}/checkpoints", f"{id_}/metrics", f"{new}/checkpoints/initial/content"):
            asked(client, "GET", f"experiments/{path}")
        asked(client, "POST", f"experiments/{new}/cancel")
        for each in (id_, new):
            asked(client, "DELETE", f"experiments/{each}")
    assert statements.in_threads > AT_ONCE_BYTES
    assert statements.count > 50
    assert statements.most <= 2 * AT_ONCE_BYTES, statements.most
