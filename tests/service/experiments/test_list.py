"""Pages of experiments: none twice, none left out, whatever happens between two pages."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

URL = "/v1/experiments"


def create(client: TestClient, **document: Any) -> str:
    identifier: str = client.post(URL, json={"dataset": "iris", **document}).json()["id"]
    return identifier


def listed(client: TestClient, query: str = "") -> list[str]:
    response = client.get(f"{URL}?{query}")
    assert response.status_code == 200, response.text
    return [experiment["id"] for experiment in response.json()["data"]]


def walk(client: TestClient, query: str) -> list[list[str]]:
    pages, after, totals = [], "", set()
    while True:
        page = client.get(f"{URL}?{query}{after}").json()
        pages.append([experiment["id"] for experiment in page["data"]])
        assert page["has_more"] == (page["next"] is not None)
        totals.add(page["total"])
        if not page["has_more"]:
            assert totals == {sum(map(len, pages))}
            return pages
        after = f"&after={page['next']}"


def test_an_empty_list(client: TestClient) -> None:
    assert client.get(URL).json() == {
        "object": "list",
        "data": [],
        "has_more": False,
        "next": None,
        "total": 0,
    }


def test_walks_through_all_in_both_orders(client: TestClient) -> None:
    made = [create(client) for _ in range(7)]
    assert walk(client, "limit=3&sort=created_at") == [made[:3], made[3:6], made[6:]]
    assert walk(client, "limit=3") == [made[:3:-1], made[3:0:-1], made[0::-1]]
    assert walk(client, "limit=7") == [made[::-1]]


def test_of_one_moment_none_is_lost(client: TestClient, database: Database) -> None:
    made = sorted(create(client) for _ in range(5))
    for identifier in made:
        rows.change(database, identifier, created_at=rows.STARTED)
    assert walk(client, "limit=2&sort=created_at") == [made[:2], made[2:4], made[4:]]


def test_new_ones_between_two_pages_shift_nothing(client: TestClient) -> None:
    made = [create(client) for _ in range(4)]
    page = client.get(f"{URL}?limit=2").json()
    create(client)
    assert listed(client, f"limit=2&after={page['next']}") == [made[1], made[0]]


def test_a_long_list_is_not_counted_to_its_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.experiments.repository.MOST_COUNTED", 2)
    totals = []
    for _ in range(3):
        create(client, metadata={"a": "b"})
        totals.append(
            [client.get(f"{URL}?limit=1{query}").json()["total"] for query in ("", "&metadata=a=b")]
        )
    assert totals == [[1, 1], [2, 2], [None, None]]


def test_filters(client: TestClient, database: Database) -> None:
    plain = create(client)
    wine = create(client, dataset="wine", penalty="l2")
    cancelled = create(client, penalty="l1", metadata={"owner": "ann", "try": "1"})
    labelled = create(client, dataset="wine", metadata={"owner": "bob", "try": "1"})
    client.post(f"{URL}/{cancelled}/cancel")
    rows.change(database, wine, status="failed")
    assert listed(client, "status=queued") == [labelled, plain]
    assert listed(client, "status=unfinished") == [labelled, plain]
    assert listed(client, "status=unfinished&status=failed") == [labelled, wine, plain]
    assert walk(client, "status=unfinished&status=failed&metadata=try=1&limit=1") == [[labelled]]
    assert listed(client, "status=cancelled&status=failed") == [cancelled, wine]
    assert listed(client, "dataset=wine") == [labelled, wine]
    assert listed(client, "dataset=wine&dataset=iris&penalty=none") == [labelled, plain]
    assert listed(client, "penalty=l1&penalty=l2") == [cancelled, wine]
    assert listed(client, "dataset=nothing") == []
    assert listed(client, "metadata[owner]=ann") == [cancelled]
    assert listed(client, "metadata=owner=ann") == [cancelled]
    assert listed(client, "metadata=try=1&metadata=owner=bob") == [labelled]
    assert listed(client, "metadata[owner]=ann&metadata[owner]=bob") == [labelled, cancelled]
    assert listed(client, "metadata[try]=1&metadata[owner]=bob") == [labelled]
    assert listed(client, "metadata%5Bowner%5D=ann&status=cancelled") == [cancelled]
    assert listed(client, "metadata[owner]=1") == []
    assert walk(client, "metadata[try]=1&limit=1") == [[labelled], [cancelled]]
    assert walk(client, "dataset=wine&dataset=iris&penalty=none&penalty=l2&penalty=none&limit=2") == [
        [labelled, wine],
        [plain],
    ]
    many = "&".join(f"dataset=x{number}" for number in range(50))
    assert walk(client, f"{many}&dataset=wine&dataset=iris&sort=created_at&limit=3") == [
        [plain, wine, cancelled],
        [labelled],
    ]


def test_as_many_labels_as_an_experiment_has(client: TestClient) -> None:
    labels = {f"key {number}": str(number) for number in range(16)}
    identifier = create(client, metadata=labels)
    wanted = {f"metadata[{key}]": [value] for key, value in labels.items()}
    wanted["metadata[key 3]"] += [f"other {number}" for number in range(99)]
    response = client.get(URL, params=wanted)
    assert [experiment["id"] for experiment in response.json()["data"]] == [identifier]


def test_walks_through_labels_in_both_orders(client: TestClient, database: Database) -> None:
    made = [create(client, metadata={"team": team, "try": "1"}) for team in "abcabca"]
    rows.change(database, made[3], status="failed")
    some = [made[0], made[1], made[3], made[4], made[6]]
    query = "metadata[team]=a&metadata[team]=b&metadata[team]=a&metadata[try]=1&limit=2"
    assert walk(client, query) == [[some[4], some[3]], [some[2], some[1]], [some[0]]]
    assert walk(client, f"{query}&sort=created_at") == [some[:2], some[2:4], some[4:]]
    assert walk(client, f"{query}&status=failed&status=queued&sort=created_at") == [
        some[:2],
        some[2:4],
        some[4:],
    ]
    assert walk(client, f"{query}&status=queued&status=running") == [[some[4], some[3]], [some[1], some[0]]]
    assert listed(client, f"{query}&status=failed") == [made[3]]
    assert listed(client, "metadata[team]=b&metadata[try]=1&dataset=wine") == []


def test_labels_are_found_whatever_they_are_made_of(client: TestClient) -> None:
    key, value = "a]b[c=&%", "d'\"e; 🚂 _%"
    identifier = create(client, metadata={key: value})
    create(client, metadata={key: "other"})
    response = client.get(URL, params={f"metadata[{key}]": value})
    assert [experiment["id"] for experiment in response.json()["data"]] == [identifier]


@folded(
    ("query", "parameter", "code"),
    [
        ("limt=3", "limt", "unknown_parameter"),
        ("sweep=x", "sweep", "unknown_parameter"),
        ("metadata[x=1", "metadata[x", "unknown_parameter"),
        ("metadata[]=1", "metadata[]", "unknown_parameter"),
        ("metadata=x", "metadata", "text"),
        ("metadata==x", "metadata", "text"),
        ("metadata[x][y]=1", "metadata[x][y]", "unknown_parameter"),
        ("limit=0", "limit", "range"),
        ("limit=101", "limit", "range"),
        ("limit=" + "9" * 30, "limit", "range"),
        ("limit=ten", "limit", "type"),
        ("limit=1e1", "limit", "type"),
        ("limit=", "limit", "type"),
        ("status=runing", "status", "choice"),
        ("status=queued&status=x", "status", "choice"),
        ("penalty=l3", "penalty", "choice"),
        ("sort=name", "sort", "choice"),
        ("after=x", "after", "invalid_cursor"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("limit=1&limit=1", "limit", "repeated"),
        ("sort=created_at&sort=-created_at", "sort", "repeated"),
        ("dataset=x&" * 101, "dataset", "too_many"),
        ("metadata[a]=x&" * 101, "metadata[a]", "too_many"),
        ("&".join(f"metadata[{number}]=x" for number in range(17)), "metadata", "too_many"),
    ],
)
def test_a_query_it_does_not_understand(
    sqlite_client: TestClient, query: str, parameter: str, code: str
) -> None:
    assert_refused(sqlite_client, query, parameter, code)


@folded(
    ("query", "parameter"),
    [("dataset=%00", "dataset"), ("metadata[a]=%00", "metadata[a]"), ("metadata[%00]=a", "metadata[]")],
)
def test_a_query_a_database_would_choke_on(client: TestClient, query: str, parameter: str) -> None:
    assert_refused(client, query, parameter, "text")


def assert_refused(client: TestClient, query: str, parameter: str, code: str) -> None:
    response = client.get(f"{URL}?{query}")
    problem = response.json()
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [(wrong["parameter"], wrong["code"]) for wrong in problem["errors"]] == [(parameter, code)]


@folded(
    ("query", "hint"), [("limt=3", "limit"), ("metdata[a]=1", "metadata[key]"), ("status=runing", "running")]
)
def test_a_misspelled_query_is_led_to_the_right_one(sqlite_client: TestClient, query: str, hint: str) -> None:
    assert f'Did you mean "{hint}"?' in sqlite_client.get(f"{URL}?{query}").json()["detail"]


def test_a_cursor_belongs_to_its_order(client: TestClient) -> None:
    for _ in range(2):
        create(client)
    cursor = client.get(f"{URL}?limit=1").json()["next"]
    response = client.get(f"{URL}?limit=1&sort=created_at&after={cursor}")
    assert response.json()["errors"][0]["code"] == "invalid_cursor"


def test_text_that_is_not_utf_8_finds_nothing(client: TestClient) -> None:
    assert listed(client, "dataset=%ff&metadata[%ff]=%ff") == []
