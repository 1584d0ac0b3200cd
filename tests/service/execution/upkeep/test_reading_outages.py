"""A reader process outlasts an outage of the database."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.datasets import service
from service.limits.models import OwnerUsageRow
from service.storage.database import Database
from tests.service.datasets.uploading import begin_first, upload

READER = (
    "from service.storage import sqlite; sqlite.BUSY_MILLISECONDS = 50; "
    "from service.execution.upkeep.reading_process import main; main()"
)


@contextlib.contextmanager
def outage(database: Database) -> Iterator[None]:
    """Refuse writes: a locked SQLite file, or a PostgreSQL that ends the connection of the first writer."""
    with database.engine.connect() as connection:
        # A transaction in an SQLite file begins with the lock for writing.
        lock = "SELECT 1" if database.is_sqlite else "LOCK TABLE datasets IN EXCLUSIVE MODE"
        connection.execute(sa.text(lock))
        yield
        connection.rollback()


def end_the_first_writer(database: Database) -> None:
    blocked = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
    )
    ended = False
    while not ended:
        with database.engine.connect() as connection:
            ended = bool(connection.execute(sa.text(blocked)).all())


def test_an_outage_is_no_loss(client: TestClient, database: Database, tmp_path: Path) -> None:
    link = upload(client, target="label").json()["links"]["self"]
    with database.transaction() as session:
        begun = begin_first(session)
    assert begun is not None
    url = database.url.render_as_string(hide_password=False)
    # The end of its standard input ends the reader, also where the test fails.
    with contextlib.ExitStack() as away:
        away.enter_context(outage(database))
        with subprocess.Popen(
            [sys.executable, "-c", READER, begun[0], str(begun[1]), str(tmp_path)],
            env={**os.environ, "TRAINYARD_DATABASE_URL": url, "TRAINYARD_DATA_DIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as reader:
            assert reader.stderr is not None
            if not database.is_sqlite:
                end_the_first_writer(database)
            first = json.loads(reader.stderr.readline())
            assert (first["event"], first["of"]) == ("unavailable; retrying", "the database")
            away.close()
            rest = [json.loads(line)["event"] for line in reader.stderr]
            assert (reader.wait(), rest) == (0, ["available again"])
    assert client.get(link).json()["status"] == "ready"


def test_a_data_set_put_back_is_charged_once(client: TestClient, database: Database) -> None:
    upload(client, target="label")
    tags = []
    for _ in range(2):
        with database.transaction() as session:
            begun = begin_first(session)
            assert begun is not None
            tags.append(session.execute(sa.select(OwnerUsageRow.reading_tag)).scalar_one())
            assert service.put_back(session, *begun)
    assert tags[0] == tags[1] > 0
