"""Uploads are read by fair share between owners, and each says its place in line."""

from typing import Any

from fastapi.testclient import TestClient

from service.datasets import service
from service.datasets.repository import change
from service.storage.database import Database, utc_now
from tests.service.access.keys import showing_key
from tests.service.conftest import OpenClient
from tests.service.datasets.uploading import begin_first, upload

SMALL = b"a,b\n1,x\n2,y\n"


def send(client: TestClient, owner: dict[str, str], count: int, content: bytes = SMALL) -> list[str]:
    """Upload so many files for an owner, and return their ids."""
    client.headers.update(owner)
    found = [upload(client, content + b"3,x\n" * number).json()["id"] for number in range(count)]
    del client.headers["Authorization"]
    return found


def begin(database: Database) -> str | None:
    with database.transaction() as session:
        begun = begin_first(session)
        if begun is None:
            return None
        # As its reader does in the end.
        change(session, begun[0], {"status": "rejected", "finished_at": utc_now()}, status="validating")
        return begun[0]


def places(client: TestClient, owner: dict[str, str], ids: list[str]) -> list[Any]:
    return [client.get(f"/v1/datasets/{each}", headers=owner).json()["place_in_line"] for each in ids]


def test_one_file_does_not_wait_for_all_of_another_owner(
    fresh_database_url: str, open_client: OpenClient
) -> None:
    client = open_client(fresh_database_url, auth="on")
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    ann, bob, eve = (showing_key(client, owner) for owner in ("ann", "bob", "eve"))
    hers = send(client, ann, 5)
    assert begin(database) == hers[0]
    his = send(client, bob, 2)
    assert places(client, ann, hers) == [None, 2, 4, 5, 6]
    assert places(client, bob, his) == [1, 3]
    listed = client.get("/v1/datasets", headers=bob).json()["data"]
    assert [each["place_in_line"] for each in listed if each["kind"] == "uploaded"] == [3, 1]
    order = [begin(database) for _ in range(2)]
    assert order == [his[0], hers[1]]
    # Who comes late waits for one file of each other owner, and has saved up nothing.
    last = send(client, eve, 3)
    assert places(client, eve, last)[0] == 2
    found = [begin(database) for _ in range(8)]
    assert found == [his[1], last[0], last[1], hers[2], last[2], hers[3], hers[4], None]


def test_a_large_file_counts_for_more(fresh_database_url: str, open_client: OpenClient) -> None:
    client = open_client(fresh_database_url, auth="on")
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # see above
    ann, bob = (showing_key(client, owner) for owner in ("ann", "bob"))
    (large,) = send(client, ann, 1, SMALL + b"3,x\n" * 2**20)
    small = send(client, ann, 1)
    his = send(client, bob, 3)
    assert [begin(database) for _ in range(5)] == [large, *his, *small]


def test_what_is_being_read_counts_once(fresh_database_url: str, open_client: OpenClient) -> None:
    client = open_client(fresh_database_url, auth="on")
    database: Database = client.app.state.database  # type: ignore[attr-defined]  # see above
    ann, bob = (showing_key(client, owner) for owner in ("ann", "bob"))
    begun: list[str] = []

    def begin_beside(count: int) -> None:
        for _ in range(count):
            with database.transaction() as session:
                first = service.first_in_line(session, begun)
                assert first is not None
                assert service.begin_reading(session, first) is not None
            begun.append(first.id)

    hers = send(client, ann, 3)
    begin_beside(2)
    his = send(client, bob, 3)
    assert places(client, ann, hers) == [None, None, 3]
    begin_beside(4)
    assert begun == [*hers[:2], *his[:2], hers[2], his[2]]


def test_a_file_that_kills_its_reader_goes_back_in_line(client: TestClient, database: Database) -> None:
    identifier = upload(client).json()["id"]
    with database.transaction() as session:
        begun = begin_first(session)
    assert begun is not None
    assert client.get(f"/v1/datasets/{identifier}").json()["place_in_line"] is None
    with database.transaction() as session:
        assert service.note_loss(session, *begun, utc_now())
    assert client.get(f"/v1/datasets/{identifier}").json()["place_in_line"] == 1
