"""Requests that need no thread of their own, and what becomes of one that has to wait after all."""

import asyncio
import itertools
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

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


def test_writers_take_turns_and_the_event_loop_serves_others_in_between(sqlite_client: TestClient) -> None:
    app: Any = sqlite_client.app
    rounds, begun = itertools.count(), list[int]()
    now = 0

    def count() -> None:
        nonlocal now
        now = next(rounds)
        asyncio.get_running_loop().call_soon(count)

    async def storm() -> list[int]:
        count()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
        ) as client:
            posts = [client.post("/v1/experiments", json={"dataset": "iris"}) for _ in range(20)]
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    event.listen(app.state.database.engine, "begin", lambda _connection: begun.append(now))
    assert asyncio.run(storm()) == [201] * 20
    assert len(begun) == len(set(begun)) == 20
