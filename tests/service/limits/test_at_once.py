"""Quotas hold when many requests come at once: the check and what it counts are one transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service import rows
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient
from tests.service.limits.usage import RESERVED, SMALL, URL, database_of, limits

AT_ONCE = 20


@pytest.fixture
def secured(fresh_database_url: str, open_client: OpenClient) -> TestClient:
    client = open_client(fresh_database_url, auth="on")
    # Answers are compared with the OpenAPI document, which twenty threads would make twenty times.
    assert client.get("/v1/limits").status_code == 401
    return client


def statuses(send: Callable[[int], Any]) -> list[int]:
    """What so many requests that are sent together are answered with."""
    together = Barrier(AT_ONCE)

    def one(number: int) -> int:
        together.wait()
        status: int = send(number).status_code
        return status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(pool.map(one, range(AT_ONCE)))


def test_uploads(secured: TestClient) -> None:
    table = b"a,b\n" + b"1,2\n" * 250
    ann = showing_key(secured, "ann", limits={"stored_bytes": 3 * len(table)})

    def send(number: int) -> Any:
        named = {"file": (f"{number}.csv", table.replace(b"a", b"c%d" % (number + 10), 1))}
        return secured.post("/v1/datasets", headers=ann, files=named)

    # A name of three characters is two longer, so that there is room for two.
    assert statuses(send) == [201] * 2 + [429] * (AT_ONCE - 2)
    assert limits(secured, ann)["stored_bytes"]["used"] == 2 * (len(table) + 2)


def test_bytes_of_announced_data_sets(secured: TestClient) -> None:
    content = b"a,b\n" + b"1,2\n" * 250
    ann = showing_key(secured, "ann", limits={"stored_bytes": 2 * len(content)})
    made = [secured.post("/v1/datasets/announcements", headers=ann, json={}).json() for _ in range(AT_ONCE)]
    links = [each["links"]["content"] for each in made]
    found = statuses(lambda number: secured.put(links[number], headers=ann, content=content))
    assert found == [202] * 2 + [429] * (AT_ONCE - 2)
    assert limits(secured, ann)["stored_bytes"]["used"] == 2 * len(content)


def test_bytes_that_experiments_will_store(secured: TestClient) -> None:
    ann = showing_key(secured, "ann", limits={"stored_bytes": 3 * RESERVED})
    found = statuses(lambda _: secured.post(URL, headers=ann, json=SMALL))
    assert found == [201] * 3 + [429] * (AT_ONCE - 3)


def test_experiments_that_wait(secured: TestClient) -> None:
    ann = showing_key(secured, "ann", limits={"queued": 3})
    found = statuses(lambda _: secured.post(URL, headers=ann, json=SMALL))
    assert found == [201] * 3 + [429] * (AT_ONCE - 3)


def test_paused_experiments_keep_their_place(secured: TestClient) -> None:
    ann = showing_key(secured, "ann", limits={"queued": 2})
    made = [secured.post(URL, headers=ann, json=SMALL).json()["id"] for _ in range(2)]
    for identifier in made:
        assert secured.post(f"{URL}/{identifier}/pause", headers=ann).status_code == 202
    assert secured.post(URL, headers=ann, json=SMALL).status_code == 429
    for identifier in made:
        assert secured.post(f"{URL}/{identifier}/resume", headers=ann).status_code == 202


def test_what_paused_while_it_trained_is_resumed_when_there_is_room(secured: TestClient) -> None:
    """It leaves the queue by training and comes back by pausing, so that only resuming it can be refused."""
    ann = showing_key(secured, "ann", limits={"queued": 2})
    trained = [secured.post(URL, headers=ann, json=SMALL).json()["id"] for _ in range(2)]
    for identifier in trained:
        rows.change(database_of(secured), identifier, status="running")
    waiting = [secured.post(URL, headers=ann, json=SMALL).json()["id"] for _ in range(2)]
    for identifier in trained:
        rows.change(database_of(secured), identifier, status="paused")
    resume = f"{URL}/{trained[0]}/resume"
    refused = secured.post(resume, headers=ann)
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert secured.post(f"{URL}/{waiting[0]}/cancel", headers=ann).status_code == 202
    assert secured.post(resume, headers=ann).status_code == 202
    assert secured.post(f"{URL}/{trained[1]}/resume", headers=ann).status_code == 429


def test_what_is_cancelled_or_deleted_gives_its_bytes_back(secured: TestClient) -> None:
    ann = showing_key(secured, "ann")
    kept, trained, gone = (secured.post(URL, headers=ann, json=SMALL).json()["id"] for _ in range(3))
    assert limits(secured, ann)["stored_bytes"]["used"] == 3 * RESERVED
    rows.add_checkpoint(database_of(secured), trained, b"x" * 123)
    for identifier in (trained, gone):
        assert secured.post(f"{URL}/{identifier}/cancel", headers=ann).status_code == 202
    assert limits(secured, ann)["stored_bytes"]["used"] == RESERVED + 123
    for identifier, left in ((trained, RESERVED), (gone, RESERVED), (kept, 0)):
        assert secured.delete(f"{URL}/{identifier}", headers=ann).status_code == 204
        assert limits(secured, ann)["stored_bytes"]["used"] == left
