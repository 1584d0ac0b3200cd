"""Forms with odd fields, and requests that meet: each is taken as it is meant, or refused in words."""

import io
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from typing_extensions import override

from service.datasets import uploads
from service.datasets.models import DatasetRow, DatasetUploadRow
from service.errors import NotFound
from service.storage.database import Database
from tests.cases import folded
from tests.service.datasets.uploading import CSV, count, read_all, upload


@folded(
    ("fields", "status", "words"),
    [
        ({"target": "[" * 5000}, 400, "nested too deeply"),
        ({"scaling": '{"a":' * 5000}, 400, "nested too deeply"),
        ({"scaling": '{"divide_by": 2, "divide_by": 3}'}, 400, "twice"),
        ({"name": "x\0y"}, 422, "#/name"),
        ({"target": "a\0b"}, 422, "#/target"),
        ({"name": "x" * 201}, 422, "#/name"),
        ({"t" * 5000: "1"}, 400, "Invalid multipart data"),
        ({"delimeter": ";"}, 422, 'Did you mean "delimiter"?'),
        ({"target": "[not json"}, 422, "no such column"),
    ],
)
def test_fields(
    client: TestClient, database: Database, fields: dict[str, str], status: int, words: str
) -> None:
    answer = client.post("/v1/datasets", data=fields, files={"file": ("a.csv", io.BytesIO(CSV))})
    assert answer.status_code == status, answer.text
    assert words in answer.json().get("detail", "validating") or words in answer.text
    assert count(database, DatasetRow) == (status == 201)


@folded("charset", ["punycode", "undefined", "utf-7", "unicode_escape", "latin-1", "nonsense"])
def test_another_charset_is_refused(sqlite_client: TestClient, charset: str) -> None:
    head = '--X\r\nContent-Disposition: form-data; name="name"\r\n\r\n\\ud800+2AA-\r\n'
    file = '--X\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,y\n1,0\n2,1\n\r\n--X--\r\n'
    content_type = f"multipart/form-data; boundary=X; charset={charset}"
    answer = sqlite_client.post(
        "/v1/datasets", content=(head + file).encode(), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 415
    good = content_type.replace(charset, "UTF-8").replace("multipart", "Multipart")
    assert sqlite_client.post(
        "/v1/datasets", content=(head + file).encode(), headers={"Content-Type": good}
    ).status_code in {200, 201}


def test_a_field_twice_is_refused(sqlite_client: TestClient) -> None:
    answer = sqlite_client.post(
        "/v1/datasets", data={"target": ["label", "color"]}, files={"file": ("a.csv", io.BytesIO(CSV))}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "repeated")


@folded(
    "media_type",
    [
        "application/json",
        "application/jsonX",
        "multipart/form-dataX; boundary=X",
        "text/csv",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_a_file_outside_a_form_is_shown_the_way(sqlite_client: TestClient, media_type: str) -> None:
    answer = sqlite_client.post("/v1/datasets", content=b"{}", headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert "/v1/datasets/announcements" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/datasets/", "/v1/datasets/big.csv"])
def test_a_file_put_where_none_can_be_is_shown_the_way(sqlite_client: TestClient, path: str) -> None:
    """`curl -T big.csv URL` appends the file's name to a URL that ends with a slash."""
    answer = sqlite_client.put(path, content=CSV)
    assert answer.status_code in {404, 405}
    assert "/v1/datasets/announcements" in answer.json()["detail"]


def test_the_same_file_at_once_is_one_data_set(client: TestClient, database: Database, tmp_path: Any) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(upload(client, target="label"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(database, DatasetRow) == 1
    read_all(database, tmp_path)
    assert count(database, DatasetUploadRow) == 0


def test_bytes_are_only_taken_for_what_waits_for_them(
    client: TestClient, database: Database, tmp_path: Any
) -> None:
    def bytes_for(identifier: str) -> Any:
        return client.put(f"/v1/datasets/{identifier}/content", content=iter([b"never read"]))

    ready = upload(client, target="label").json()["id"]
    rejected = upload(client, b"a,b\n1\n").json()["id"]
    assert [bytes_for(each).status_code for each in (ready, rejected)] == [409, 409]
    read_all(database, tmp_path)
    assert [bytes_for(each).status_code for each in (ready, rejected)] == [409, 409]
    assert [bytes_for(each).status_code for each in ("digits", "ds_01KAPZ4M7S3F6N6Q3W8E5T2R1Y")] == [404, 404]
    gone = client.post("/v1/datasets/announcements", json={}).json()["id"]
    client.delete(f"/v1/datasets/{gone}")
    assert bytes_for(gone).status_code == 404


@pytest.mark.parametrize("turn", [1, 2, 3, 4])
@pytest.mark.parametrize("other", [b"the other", b"x" * 2 * 2**20], ids=["other", "same"])
def test_whoever_begins_to_send_last_goes_on(
    client: TestClient, database: Database, turn: int, other: bytes
) -> None:
    identifier = client.post("/v1/datasets/announcements", json={}).json()["id"]

    class Overtaken(io.BytesIO):
        turns = 0

        @override
        def read(self, size: int | None = -1) -> bytes:
            self.turns += 1
            if self.turns == turn:
                uploads.receive(database, "local", identifier, io.BytesIO(other))
            return super().read(size)

    with pytest.raises(uploads.UploadGone):
        uploads.receive(database, "local", identifier, Overtaken(b"x" * 2 * 2**20))
    found = client.get(f"/v1/datasets/{identifier}").json()
    assert (found["status"], found["bytes"]) == ("validating", len(other))
    with database.reading() as session:
        pieces = session.execute(sa.select(DatasetUploadRow.content)).scalars().all()
    assert b"".join(pieces) == other


def test_there_must_be_a_data_set_to_send_bytes_for(client: TestClient, database: Database) -> None:
    with pytest.raises(NotFound):
        uploads.receive(database, "local", "ds_01KAPZ4M7S3F6N6Q3W8E5T2R1Y", io.BytesIO(b"x"))
