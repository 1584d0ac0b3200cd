"""Requests that need no thread of their own, and what becomes of one that has to wait after all."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from service.storage.database import Database
from service.storage.sqlite import Busy


def test_waits_for_another_writer_without_keeping_anybody_waiting(
    sqlite_client: TestClient, fresh_sqlite_url: str
) -> None:
    known = sqlite_client.post("/v1/experiments", json={"dataset": "iris"}).json()
    other = sqlite3.connect(str(Database(fresh_sqlite_url).url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(sqlite_client.post, "/v1/experiments", json={"dataset": "iris"})
        for _ in range(100):
            assert sqlite_client.get(known["links"]["self"]).status_code == 200
        assert not posted.done()
        other.execute("ROLLBACK")
        assert posted.result().status_code == 201
    other.close()
    assert len(sqlite_client.get("/v1/experiments").json()["data"]) == 2


def test_begins_only_where_nobody_writes(fresh_sqlite_url: str) -> None:
    ours, others = Database(fresh_sqlite_url), Database(fresh_sqlite_url)
    for writing in (ours, others):
        with writing.transaction() as session:
            session.connection()
            with pytest.raises(Busy), ours.transaction_at_once():
                pytest.fail("Two write at the same time.")
    with ours.transaction_at_once() as session:
        session.connection()
    ours.close()
    others.close()
