"""To one owner there is nothing of another's: every operation of the API is asked for what is somebody else's.

Somebody else's identifier must be answered to the letter as one that nobody has.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response

from service.access.tokens import new_key_id
from service.datasets.identifiers import new_identifier as new_dataset_id
from service.datasets.models import DatasetRow
from service.experiments.identifiers import new_identifier as new_experiment_id
from service.storage.database import Base, Database, utc_now
from tests.service.access.keys import showing_key
from tests.service.access.two_owners import MARK, OPERATIONS, READING, Ann, ask
from tests.service.datasets.uploading import count, read_all

SCOPES = [["read", "write"], ["read", "write", "admin"]]


def nobodys() -> dict[str, str]:
    """Identifiers like Ann's that nobody has."""
    experiment_id = new_experiment_id(utc_now())
    return {
        "experiment_id": experiment_id,
        "experiment": experiment_id,
        "dataset_id": new_dataset_id(utc_now()),
        "key_id": new_key_id(utc_now()),
        "link_id": new_key_id(utc_now()),
    }


def takes_identifier(name: str) -> bool:
    return any(each["name"] in nobodys() for each in OPERATIONS[name][2].get("parameters", ()))


def plain(answer: Response, identifiers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    """An answer without what names the request, and with the same name for whatever was asked about."""
    text = re.sub(r"req_[0-9a-f]{16}", "REQUEST", answer.text)
    for name, identifier in identifiers.items():
        text = text.replace(identifier, name)
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    headers.pop("content-length", None)
    return answer.status_code, text, headers


def everything(database: Database) -> dict[str, set[str]]:
    """All rows that tell of Ann."""
    with database.reading() as session:
        tables = {
            table.name: {repr(row) for row in session.execute(sa.select(table))}
            for table in Base.metadata.sorted_tables
        }
    others = {"idempotency_keys"}
    return {
        name: {row for row in found if "'bob'" not in row}
        for name, found in tables.items()
        if name not in others
    }


@pytest.mark.parametrize("scopes", SCOPES, ids="+".join)
def test_nothing_of_hers_is_there_for_anybody_else(secured: TestClient, scopes: list[str]) -> None:
    ann = Ann(secured)
    bob = showing_key(secured, "bob", scopes=scopes)
    before = everything(ann.database)
    asked = [name for name in OPERATIONS if not (name.endswith(("Key", "Keys")) and "admin" in scopes)]
    for name in asked:
        unknown = nobodys()
        hers = [plain(each, ann.own()) for each in ask(secured, name, bob, ann.own())]
        nones = [plain(each, unknown) for each in ask(secured, name, bob, unknown)]
        assert all(MARK not in text and ann.waiting_id not in text for _, text, _ in hers), name
        if takes_identifier(name):
            assert hers == nones, name
            assert {status for status, _, _ in hers} <= {403, 404}, name
    after = everything(ann.database)
    assert {name: found - after[name] for name, found in before.items()} == {name: set() for name in before}


def test_all_of_it_is_there_for_her(secured: TestClient) -> None:
    """What is refused above would otherwise be possible."""
    ann = Ann(secured)
    # An experiment takes what belongs to it along, so it is deleted after that.
    last = {name: (name.startswith(("delete", "revoke")), name == "deleteExperiment") for name in OPERATIONS}
    for name in sorted(OPERATIONS, key=lambda name: last[name]):
        if name == "getReadiness":  # there is no engine
            continue
        statuses = {each.status_code for each in ask(secured, name, ann.headers, ann.own())}
        assert not statuses & {401, 403}, name
        assert statuses - {404, 412}, name
        if not name.startswith("delete"):
            assert 404 not in statuses, name


def test_nor_does_a_list_or_a_cursor_lead_there(secured: TestClient) -> None:
    ann = Ann(secured)
    bob = showing_key(secured, "bob")
    cursor = secured.get("/v1/experiments?limit=1", headers=ann.headers).json()["next"]
    for query in ("", f"after={cursor}", f"metadata[label]={MARK}", "status=queued", "sort=created_at"):
        for _ in range(2):
            page = secured.get(f"/v1/experiments?{query}", headers=bob).json()
            assert page == {"object": "list", "data": [], "has_more": False, "next": None, "total": 0}
    own = secured.post("/v1/experiments", headers=bob, json={"dataset": "iris"}).json()["id"]
    listed = secured.get("/v1/experiments", headers=bob).json()["data"]
    assert [each["id"] for each in listed] == [own]
    # Ann has one that was queued before.
    assert listed[0]["progress"]["queue_position"] == 1


@pytest.mark.parametrize(
    "beginning",
    [{"init": {"name": "given", "checkpoint": "{experiment_id}/best"}}, {"dataset": "{dataset_id}"}],
)
def test_nor_can_an_experiment_be_made_of_hers(secured: TestClient, beginning: dict[str, Any]) -> None:
    ann = Ann(secured)
    bob = showing_key(secured, "bob")

    def refused(path: str, identifiers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        filled = {
            name: value.format_map(identifiers)
            if isinstance(value, str)
            else {inner: text.format_map(identifiers) for inner, text in value.items()}
            for name, value in beginning.items()
        }
        answer = secured.post(path, headers=bob, json={"dataset": "iris", "seed": 1, **filled})
        return plain(answer, identifiers)

    for path in ("/v1/experiments", "/v1/experiments/validate"):
        hers = refused(path, ann.own())
        assert hers[0] == 422
        assert hers == refused(path, nobodys())


def test_an_event_of_hers_among_ones_own(secured: TestClient) -> None:
    ann = Ann(secured)
    bob = showing_key(secured, "bob") | READING
    own = secured.post("/v1/experiments", headers=bob, json={"dataset": "iris"}).json()["id"]
    for after in ("", "&after=0-0", "&after=1-1"):
        for pair in ((own, ann.experiment_id), (ann.experiment_id, own)):
            query = "&".join(f"experiment={each}" for each in pair)
            answer = secured.get(f"/v1/events?{query}{after}", headers=bob)
            assert MARK not in answer.text
            events = answer.json().get("data", [])
            assert {event["experiment_id"] for event in events} <= {own}


def test_what_is_shared_is_there_to_train_on_and_no_more(secured: TestClient, tmp_path: Path) -> None:
    ann = Ann(secured)
    bob = showing_key(secured, "bob")
    this = f"/v1/datasets/{ann.dataset_id}"
    read_all(ann.database, tmp_path)
    ask_bob = {"dataset": ann.dataset_id, "seed": 1}

    def seen() -> tuple[list[int], list[str]]:
        statuses = [secured.get(url, headers=bob).status_code for url in (this, f"{this}/preview")]
        statuses.append(secured.post("/v1/experiments", headers=bob, json=ask_bob).status_code)
        listed = secured.get("/v1/datasets", headers=bob).json()["data"]
        return statuses, [each["id"] for each in listed if each["kind"] == "uploaded"]

    assert seen() == ([404, 404, 422], [])
    assert secured.patch(this, headers=bob, json={"shared": True}).status_code == 403
    changed = secured.patch(this, headers=ann.headers, json={"shared": True})
    assert (changed.status_code, changed.json()["shared"]) == (200, True)
    assert seen() == ([200, 200, 201], [ann.dataset_id])
    admin = showing_key(secured, "bob", scopes=["read", "write", "admin"])
    for refused in (
        secured.patch(this, headers=admin, json={"shared": False}),
        secured.delete(this, headers=bob),
        secured.put(f"{this}/content", headers=bob, content=b"a,b\n1,2\n"),
    ):
        assert refused.status_code in {404, 409}, refused.text
    # To her nothing of his experiment is told but that there is one.
    kept = secured.delete(this, headers=ann.headers)
    assert (kept.status_code, "exp_" in kept.json()["detail"]) == (409, False)
    assert secured.patch(this, headers=ann.headers, json={"shared": False}).status_code == 200
    assert seen() == ([404, 404, 422], [])
    for each in secured.get("/v1/experiments", headers=bob).json()["data"]:
        assert secured.delete(f"/v1/experiments/{each['id']}", headers=bob).status_code == 204
    assert secured.delete(this, headers=ann.headers).status_code == 204


def shared_uploads(client: TestClient, headers: dict[str, str], shared: Any) -> list[Response]:
    """Answers to an upload in a form, and to an announcement, that say whether the data set is shared."""
    files = {"file": ("a.csv", b"a,label\n1,x\n2,y\n")}
    text = json.dumps(shared).strip('"')
    announcement = client.post("/v1/datasets/announcements", headers=headers, json={"shared": shared})
    return [client.post("/v1/datasets", headers=headers, files=files, data={"shared": text}), announcement]


def test_an_administrator_shares_at_upload(secured: TestClient) -> None:
    bob = showing_key(secured, "bob")
    admin = showing_key(secured, "root", scopes=["read", "write", "admin"])
    for refused in shared_uploads(secured, bob, shared=True):
        assert refused.status_code == 403
        assert "Use a key with the scope admin, or leave out shared." in refused.json()["detail"]
    for wrong in shared_uploads(secured, admin, "yes"):
        assert [each["pointer"] for each in wrong.json()["errors"]] == ["#/shared"]
    assert count(secured.app.state.database, DatasetRow) == 0  # type: ignore[attr-defined]  # see above
    hidden = shared_uploads(secured, admin, shared=False)
    assert [each.json()["shared"] for each in hidden] == [False, False]
    shared = shared_uploads(secured, admin, shared=True)
    # The same file is the same data set, shared from now on.
    assert [each.status_code for each in shared] == [200, 201]
    for made in shared:
        assert made.json()["shared"]
        assert secured.get(made.json()["links"]["self"], headers=bob).json()["shared"]
    assert shared_uploads(secured, admin, shared=False)[0].json()["shared"]


@pytest.mark.parametrize("document", [{}, {"shared": "yes"}, {"shared": None}, {"shared": True, "name": "x"}])
def test_a_wrong_change_of_a_data_set_changes_nothing(secured: TestClient, document: dict[str, Any]) -> None:
    ann = Ann(secured)
    refused = secured.patch(f"/v1/datasets/{ann.dataset_id}", headers=ann.headers, json=document)
    assert refused.status_code == 422
    assert not secured.get(f"/v1/datasets/{ann.dataset_id}", headers=ann.headers).json()["shared"]


def test_the_same_words_make_two_things(secured: TestClient) -> None:
    """Neither an Idempotency-Key nor the bytes of a file are anybody else's."""
    ann = showing_key(secured, "ann")
    bob = showing_key(secured, "bob")
    body, key = {"dataset": "iris", "seed": 1}, {"Idempotency-Key": "the-same"}
    first, second = (secured.post("/v1/experiments", headers=each | key, json=body) for each in (ann, bob))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert "idempotency-replayed" not in second.headers
    upload = {"files": {"file": ("a.csv", b"a,label\n1,x\n2,y\n")}, "data": {"target": "label"}}
    first, second = (secured.post("/v1/datasets", headers=each, **upload) for each in (ann, bob))  # type: ignore[arg-type]  # of httpx
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_a_list_of_data_sets_counts_what_it_shows(secured: TestClient) -> None:
    """On every page the owner's own, shared ones and those that come with the service."""
    ann = showing_key(secured, "ann", scopes=["read", "write", "admin"])
    bob = showing_key(secured, "bob")
    builtin = secured.get("/v1/datasets", headers=bob).json()["total"]

    def uploaded(owner: dict[str, str], row: str) -> str:
        files = {"file": ("a.csv", f"a,label\n1,x\n{row}\n".encode())}
        identifier: str = secured.post("/v1/datasets", headers=owner, files=files).json()["id"]
        return identifier

    of_ann = [uploaded(ann, row) for row in ("2,y", "3,y")]
    for row in ("4,y", "5,y", "6,y"):
        uploaded(bob, row)
    for shared in (False, True):
        secured.patch(f"/v1/datasets/{of_ann[0]}", headers=ann, json={"shared": shared})
        page = secured.get("/v1/datasets?limit=1", headers=bob).json()
        rest = secured.get(f"/v1/datasets?limit=20&after={page['next']}", headers=bob).json()
        assert len(page["data"] + rest["data"]) == page["total"] == rest["total"] == builtin + 3 + shared
