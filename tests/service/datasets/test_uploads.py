"""Uploading data sets over HTTP, and reading them as the engine's process does."""

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from typing_extensions import override

from service.datasets import service, uploads
from service.datasets.cache import DatasetCache
from service.datasets.models import DatasetArrayRow, DatasetRow, DatasetUploadRow
from service.datasets.repository import add_array_piece, change
from service.datasets.revision import READER_REVISION
from service.datasets.schemas import UploadedDatasetRead
from service.datasets.uploads import Announced
from service.execution.upkeep.reading_process import read
from service.execution.upkeep.sweeping import sweep
from service.storage.database import Database, utc_now
from tests.service.datasets.uploading import CSV, begin_first, count, read_all, upload


def test_a_file_becomes_something_to_train_on(client: TestClient, database: Database, tmp_path: Path) -> None:
    answer = upload(client, target="label")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    UploadedDatasetRead.model_validate(made)
    assert (made["status"], made["name"], made["bytes"]) == ("validating", "by me.csv", len(CSV))
    assert answer.headers["location"] == made["links"]["self"]
    read_all(database, tmp_path)
    ready = client.get(made["links"]["self"]).json()
    assert (ready["status"], ready["task"], ready["rows"], ready["classes"]) == (
        "ready",
        "binary",
        60,
        ["no", "yes"],
    )
    assert [column["kind"] for column in ready["columns"]] == ["number", "number", "category"]
    assert ready["features"] == len(ready["feature_names"]) == 4
    assert count(database, DatasetUploadRow) == 0
    preview = client.get(ready["links"]["preview"]).json()
    assert preview["dataset"] == made["id"]
    posted = client.post("/v1/experiments", json={"dataset": made["id"]})
    assert posted.status_code == 201, posted.text
    experiment = posted.json()
    assert experiment["dataset"] == {
        "name": made["id"],
        "version": ready["version"],
        "rows": {"train": 36, "validation": 12, "test": 12},
        "classes": ["no", "yes"],
    }
    arrays = DatasetCache(database, tmp_path / "cache", 2**30).load(made["id"], ready["version"])
    assert (arrays.x.shape, arrays.facts.features) == ((60, 3), 4)


def test_warnings_have_a_place_and_stand_on_every_experiment(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    words = ("none", "few", "3")
    rows = "".join(f"{row * row},{words[row % 3]},{row % 5},{row % 2}\n" for row in range(40))
    made = upload(client, f"a,b,b,c\n{rows}".encode()).json()
    read_all(database, tmp_path)
    ready = client.get(made["links"]["self"]).json()
    UploadedDatasetRead.model_validate(ready)
    found = [(each["pointer"], each["code"]) for each in ready["warnings"]]
    assert found == [
        ("#/columns/2", "repeated_name"),
        ("#/columns/1", "mixed_column"),
        ("#/options/target", "guessed_target"),
    ]
    document = {"dataset": made["id"], "lambda": 1, "batch_size": 8}
    for path in ("/v1/experiments", "/v1/experiments/validate"):
        posted = client.post(path, json=document).json()["warnings"]
        assert posted[1:] == [{**each, "pointer": "#/dataset"} for each in ready["warnings"]]


def test_warnings_of_an_older_release_are_still_shown(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    made = upload(client, target="label").json()
    read_all(database, tmp_path)
    with database.transaction() as session:
        row = session.get_one(DatasetRow, made["id"])
        row.facts = {**(row.facts or {}), "warnings": ["As it was."]}
    ready = client.get(made["links"]["self"]).json()
    assert ready["warnings"] == [{"pointer": None, "code": "note", "message": "As it was."}]
    posted = client.post("/v1/experiments/validate", json={"dataset": made["id"]}).json()
    assert posted["warnings"] == [{"pointer": "#/dataset", "code": "note", "message": "As it was."}]


def test_the_same_again_is_the_same_data_set(client: TestClient, database: Database, tmp_path: Path) -> None:
    first = upload(client, target="label").json()
    again = upload(client, target="label")
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    other = upload(client, target="color").json()
    assert other["id"] != first["id"]
    read_all(database, tmp_path)
    assert count(database, DatasetRow) == 2


def test_what_an_older_reader_has_read_is_read_anew(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    old = upload(client, target="label").json()
    assert old["reader_revision"] is None
    read_all(database, tmp_path)
    assert client.get(old["links"]["self"]).json()["reader_revision"] == READER_REVISION
    with database.transaction() as session:
        session.execute(sa.update(DatasetRow).values(reader_revision=READER_REVISION - 1))
    shown = client.get(old["links"]["self"]).json()
    assert shown["reader_revision"] == READER_REVISION - 1
    assert "Upload it again" in shown["warnings"][-1]["message"]
    (warning,) = client.post("/v1/experiments", json={"dataset": old["id"]}).json()["warnings"]
    assert (warning["pointer"], warning["code"]) == ("#/dataset", "read_by_older_revision")

    answers = [upload(client, target="label") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    new = answers[1].json()
    assert new["id"] == answers[0].json()["id"] != old["id"]
    read_all(database, tmp_path)
    new = client.get(new["links"]["self"]).json()
    assert (new["reader_revision"], new["version"]) == (READER_REVISION, shown["version"])
    assert new["warnings"] == shown["warnings"][:-1]
    assert client.post("/v1/experiments", json={"dataset": new["id"]}).json()["warnings"] == []


def test_is_announced_and_sent_apart(client: TestClient, database: Database, tmp_path: Path) -> None:
    announced = client.post("/v1/datasets/announcements", json={"name": "in two steps", "target": "label"})
    assert (announced.status_code, announced.json()["status"]) == (201, "uploading")
    assert [each["kind"] for each in client.get("/v1/datasets").json()["data"]] == ["builtin"] * 9
    sent = client.put(announced.json()["links"]["content"], content=CSV)
    assert (sent.status_code, sent.json()["status"]) == (202, "validating")
    assert client.put(announced.json()["links"]["content"], content=CSV).status_code == 409
    read_all(database, tmp_path)
    listed = client.get("/v1/datasets").json()["data"]
    assert (listed[0]["name"], listed[0]["status"], len(listed)) == ("in two steps", "ready", 10)


def test_what_cannot_be_read_is_rejected_with_reasons(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    made = upload(client, b"a,label\n1,x\n2\n3,y\n", target="label").json()
    read_all(database, tmp_path)
    rejected = client.get(made["links"]["self"]).json()
    assert (rejected["status"], rejected["version"]) == ("rejected", None)
    assert rejected["rejection"]["reasons"][0]["row"] == 3
    assert rejected["rejection"]["advice"]
    posted = client.post("/v1/experiments", json={"dataset": made["id"]})
    assert [error["code"] for error in posted.json()["errors"]] == ["not_ready"]
    assert (count(database, DatasetUploadRow), count(database, DatasetArrayRow)) == (0, 0)


def test_is_deleted_unless_experiments_name_it(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    made = upload(client, target="label").json()
    read_all(database, tmp_path)
    experiment = client.post("/v1/experiments", json={"dataset": made["id"]}).json()
    refused = client.delete(made["links"]["self"])
    assert (refused.status_code, experiment["id"] in refused.json()["detail"]) == (409, True)
    assert client.delete(experiment["links"]["self"]).status_code == 204
    assert client.delete(made["links"]["self"]).status_code == 204
    assert client.get(made["links"]["self"]).status_code == 404
    sweep(database)
    assert (count(database, DatasetRow), count(database, DatasetArrayRow)) == (0, 0)


def test_owners_share_bytes_and_nothing_else(client: TestClient, database: Database, tmp_path: Path) -> None:
    ours = upload(client, target="label").json()
    theirs, _ = uploads.upload(
        database, "somebody", Announced("theirs", {"target": "label"}), io.BytesIO(CSV)
    )
    read_all(database, tmp_path)
    alone = count(database, DatasetArrayRow)
    assert client.get(f"/v1/datasets/{theirs.id}").status_code == 404
    assert client.delete(f"/v1/datasets/{theirs.id}").status_code == 404
    assert client.put(f"/v1/datasets/{theirs.id}/content", content=b"x").status_code == 404
    assert client.post("/v1/experiments", json={"dataset": theirs.id}).status_code == 422
    client.delete(ours["links"]["self"])
    assert count(database, DatasetArrayRow) == alone
    with database.transaction() as session:
        service.delete(session, "somebody", theirs.id)
    sweep(database)
    assert count(database, DatasetArrayRow) == 0


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"targett": "label"}, "#/targett"),
        ({"target": "label", "delimiter": "abc"}, "#/delimiter"),
        ({"target": "label", "name": "n" * 201}, "#/name"),
    ],
)
def test_says_what_is_wrong_with_what_is_said_of_a_file(
    sqlite_client: TestClient, fields: dict[str, str], pointer: str
) -> None:
    answer = upload(sqlite_client, CSV, **fields)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert [each["kind"] for each in sqlite_client.get("/v1/datasets").json()["data"]] == ["builtin"] * 9


def test_a_form_without_a_file(sqlite_client: TestClient) -> None:
    answer = sqlite_client.post("/v1/datasets", files={"target": (None, "label")})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/file")
    assert sqlite_client.post("/v1/datasets", content=b"a,b\n1,2\n").status_code == 415
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert sqlite_client.post("/v1/datasets", content=b"--x\r\nnonsense", headers=broken).status_code in {
        400,
        422,
    }
    assert sqlite_client.post("/v1/datasets/announcements", json=[1]).status_code == 422


def test_a_file_that_is_too_large(fresh_sqlite_url: str, open_client: Any) -> None:
    client = open_client(fresh_sqlite_url, max_upload_bytes=2_000_000)
    assert upload(client, b"x" * 2_000_000).status_code == 413
    announced = client.post("/v1/datasets/announcements", json={}).json()
    assert client.put(announced["links"]["content"], content=b"x" * 2_000_001).status_code == 413
    assert client.put(announced["links"]["content"], content=iter([b"x" * 10**6] * 3)).status_code == 413
    sent = client.put(announced["links"]["content"], content=b"x" * 2_000_000)
    assert (sent.status_code, sent.json()["bytes"]) == (202, 2_000_000)


def test_nothing_stays_of_an_upload_that_fails(client: TestClient, database: Database) -> None:
    class TornError(OSError):
        pass

    class Torn(io.BytesIO):
        @override
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 2**20:
                raise TornError
            return super().read(size)

    with pytest.raises(TornError):
        uploads.upload(database, "local", Announced("torn", {}), Torn(b"x" * 3 * 2**20))
    assert (count(database, DatasetRow), count(database, DatasetUploadRow)) == (0, 0)


def test_a_reader_that_was_overtaken_writes_nothing(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    upload(client, target="label")
    with database.transaction() as session:
        first = begin_first(session)
    with database.transaction() as session:
        second = begin_first(session)
    assert first is not None
    assert second is not None
    read(database, *first, tmp_path)
    sweep(database)
    assert count(database, DatasetArrayRow) == 0
    read(database, *second, tmp_path)
    assert client.get(f"/v1/datasets/{second[0]}").json()["status"] == "ready"


def test_a_data_set_that_kills_its_readers_is_rejected(client: TestClient, database: Database) -> None:
    identifier = upload(client, target="label").json()["id"]
    with database.transaction() as session:
        # As far as one of them came.
        change(session, identifier, {"version": "v"}, status="validating")
        add_array_piece(session, "v", "x", 0, b"x")
    for left in (2, 1, 0):
        with database.transaction() as session:
            begun = begin_first(session)
            assert begun is not None
            assert service.note_loss(session, *begun, utc_now())
        status = client.get(f"/v1/datasets/{identifier}").json()["status"]
        assert status == ("validating" if left else "rejected")
    rejection = client.get(f"/v1/datasets/{identifier}").json()["rejection"]
    assert "memory" in rejection["advice"]
    assert len(rejection["reasons"]) == 1
    sweep(database)
    assert (count(database, DatasetUploadRow), count(database, DatasetArrayRow)) == (0, 0)
