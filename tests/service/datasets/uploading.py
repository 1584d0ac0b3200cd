"""A small table to upload, and what the engine does with uploads."""

import io
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from service.datasets import service
from service.execution.upkeep.reading_process import read
from service.execution.upkeep.sweeping import sweep
from service.storage.database import Database

__all__ = ["CSV", "begin_first", "count", "read_all", "upload"]

LINES = [
    f"{row % 7},{row * 3 % 11},{'red' if row % 3 else 'blue'},{'yes' if row % 2 else 'no'}"
    for row in range(60)
]
CSV = "\n".join(["width,height,color,label", *LINES]).encode()


def upload(client: TestClient, content: bytes = CSV, **fields: str) -> Any:
    """Return the answer to a form with this file."""
    return client.post(
        "/v1/datasets", data=fields, files={"file": ("made/by me.csv", io.BytesIO(content), "text/csv")}
    )


def begin_first(session: Session) -> tuple[str, int] | None:
    """Begin to read what is first in line; return its id and the number of the attempt."""
    first = service.first_in_line(session)
    attempt = None if first is None else service.begin_reading(session, first)
    return None if first is None or attempt is None else (first.id, attempt)


def read_all(database: Database, folder: Path) -> None:
    """Do what the engine does with what was uploaded."""
    while True:
        with database.transaction() as session:
            begun = begin_first(session)
        if begun is None:
            return
        read(database, *begun, folder)
        assert not list(folder.glob("*.npy"))
        sweep(database)


def count(database: Database, table: Any) -> int:
    """Return how many rows a table has."""
    with database.reading() as session:
        return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
