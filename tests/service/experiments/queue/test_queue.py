"""The queue as its owners see it: who begins before whom, and how many may wait."""

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.service import rows

URL = "/v1/experiments"
CAP = 3


def create(client: TestClient, **document: Any) -> str:
    identifier: str = client.post(URL, json={"dataset": "iris", **document}).json()["id"]
    return identifier


def position(client: TestClient, identifier: str) -> int | None:
    place: int | None = client.get(f"{URL}/{identifier}").json()["progress"]["queue_position"]
    return place


@pytest.fixture(params=["sqlite", "postgresql"])
def capped(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A client of a service where an owner may have CAP experiments waiting."""
    url = request.getfixturevalue(f"fresh_{request.param}_url")
    with TestClient(
        create_app(Settings(data_dir=tmp_path, database_url=url, max_queued_per_owner=CAP)),
        base_url="http://127.0.0.1",
    ) as client:
        yield client


def test_priority_comes_before_age(client: TestClient, database: Database) -> None:
    low = create(client, priority=-1)
    first, second = create(client), create(client)
    high = create(client, priority=100)
    order = [high, first, second, low]
    assert [position(client, each) for each in order] == [1, 2, 3, 4]
    client.patch(f"{URL}/{second}", json={"priority": 1})
    assert [position(client, each) for each in (high, second, first, low)] == [1, 2, 3, 4]
    rows.change(database, high, status="running")
    assert [position(client, each) for each in (high, second, first, low)] == [None, 1, 2, 3]


def test_another_owners_experiments_do_not_count(client: TestClient, database: Database) -> None:
    others = create(client, priority=9)
    rows.change(database, others, owner="somebody else")
    own = create(client)
    listed = {each["id"]: each["progress"]["queue_position"] for each in client.get(URL).json()["data"]}
    assert listed == {own: 1}
    assert position(client, own) == 1
    assert client.get(f"{URL}/{others}").status_code == 404


def test_a_page_shows_the_places_that_each_one_shows_by_itself(
    client: TestClient, database: Database
) -> None:
    draw = random.Random(4)  # noqa: S311 - no secret
    for number in range(40):
        identifier = create(client, priority=draw.choice([-100, 0, 0, 100]))
        rows.change(database, identifier, owner="somebody else" if number % 3 == 0 else "local")
        if number % 5 == 0:
            client.post(f"{URL}/{identifier}/{draw.choice(['pause', 'cancel'])}")
    for limit in (1, 7, 100):
        page = client.get(f"{URL}?limit={limit}").json()["data"]
        for each in page:
            assert each["progress"]["queue_position"] == position(client, each["id"])


def test_far_back_nothing_is_counted_whatever_is_in_front(client: TestClient, database: Database) -> None:
    last = create(client, priority=7)
    rows.put_ahead(database, last, 600)
    below = create(client)
    rows.put_ahead(database, below, 399)
    assert position(client, below) is None
    assert position(client, last) == 601
    client.post(f"{URL}/{last}/cancel")
    assert position(client, below) == 1000
    (newest,) = client.get(f"{URL}?limit=1").json()["data"]
    assert (newest["id"], newest["progress"]["queue_position"]) == (below, 1000)


def test_time_to_the_limit_counts_where_it_comes_sooner(client: TestClient, database: Database) -> None:
    limits = {5: 3.0, 500: 5.0, 1: 0.0}
    for limit, expected in limits.items():
        identifier = create(client, max_epochs=14, time_limit_seconds=limit)
        rows.add_epochs(database, identifier, 4)
        document = client.get(f"{URL}/{identifier}").json()
        assert document["time_limit_seconds"] == limit
        assert document["progress"]["eta_seconds"] == expected


def test_no_more_wait_than_may(capped: TestClient) -> None:
    waiting = [create(capped) for _ in range(CAP)]
    refused = capped.post(URL, json={"dataset": "iris"})
    problem = refused.json()
    assert (refused.status_code, problem["title"]) == (429, "Too many requests")
    assert refused.headers["content-type"] == "application/problem+json"
    assert problem["detail"].startswith(f"You have {CAP} queued or paused experiments")
    assert len(capped.get(URL).json()["data"]) == CAP
    capped.post(f"{URL}/{waiting[1]}/pause")
    assert capped.post(URL, json={"dataset": "iris"}).status_code == 429
    capped.post(f"{URL}/{waiting[1]}/cancel")
    assert capped.post(URL, json={"dataset": "iris"}).status_code == 201
    database: Database = capped.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    rows.change(database, waiting[0], owner="somebody else")
    assert capped.post(URL, json={"dataset": "iris"}).status_code == 201
    assert capped.post(URL, json={"dataset": "iris"}).status_code == 429


def test_not_even_at_the_same_moment(capped: TestClient) -> None:
    statuses: list[int] = []
    together = threading.Barrier(8)

    def post() -> None:
        together.wait()
        statuses.append(capped.post(URL, json={"dataset": "iris"}).status_code)

    in_threads(post, 8)
    assert sorted(statuses) == [201] * CAP + [429] * (8 - CAP)


def in_threads(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
