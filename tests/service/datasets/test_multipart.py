"""Forms as browsers, curl and libraries write them: the file is found and named, or refused with a way out."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.datasets.models import DatasetArrayRow, DatasetRow
from service.storage.database import Database
from tests.service.datasets.uploading import CSV, count, read_all, upload

LABEL = ('name="target"', b"label")


def post(client: TestClient, *parts: tuple[str, bytes]) -> Any:
    """Send parts as they are, each with its disposition and whatever headers follow it."""
    body = b"".join(
        b"--X\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    return client.post("/v1/datasets", content=body + b"--X--\r\n", headers=headers)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("filename*=UTF-8''Gr%C3%B6%C3%9Fen%20%E2%82%AC.csv", "Größen €.csv"),
        ("filename=\"plain.csv\"; filename*=utf-8'de'%C3%BCber.csv", "über.csv"),
        ("filename*=iso-8859-1''%FCber.csv; filename=plain.csv", "über.csv"),
        ("filename*=UTF-8''..%2F..%2Fetc%2Fpass%22wd", 'pass"wd'),
        ("filename*=UTF-8''a%0D%0AX-Evil%3A1%00.csv", "aX-Evil:1.csv"),
        ("filename*=nonsense", "nonsense"),
        ('filename="a; filename*=no.csv"', "a; filename*=no.csv"),
        ('filename="quoted %22name%22 100%25.csv"', 'quoted "name" 100%25.csv'),
        ('filename="größe.csv"', "größe.csv"),
        ('filename="C:\\\\data\\\\f.csv"', "f.csv"),
        ('filename="../"', "unnamed"),
        ('filename="x.pdf"\r\nContent-Type: application/pdf', "x.pdf"),
    ],
)
def test_the_name_of_a_file(sqlite_client: TestClient, head: str, name: str) -> None:
    answer = post(sqlite_client, LABEL, (f'name="file"; {head}', CSV))
    assert (answer.status_code, answer.json().get("name")) == (201, name), answer.text


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        pytest.param([('name="file"; filename="a.csv"', b"")], 422, "empty", id="no bytes"),
        pytest.param([('name="file"; filename=""', b"")], 422, "empty", id="no file chosen"),
        pytest.param([("name=\"file\"; filename*=UTF-8''a", b"")], 422, "empty", id="filename* alone"),
        pytest.param([('name="file"', CSV)], 422, "type", id="text"),
        pytest.param([('name="file"; filename="a"', CSV)] * 2, 422, "repeated", id="two files"),
        pytest.param([('name="data"; filename="a"', CSV)], 422, "missing", id="another field"),
        pytest.param([('name="file"', b"1,2\n" * 2**15)], 400, "curl -F file=@", id="long text"),
        pytest.param([('name="file"; filename="a"', CSV)] * 9, 400, "data set per form", id="many files"),
        pytest.param(
            [('name="file"; filename="a"\r\nContent-Transfer-Encoding: Base64', b"YSx5")],
            415,
            "Content-Transfer-Encoding",
            id="base64",
        ),
        pytest.param(
            [('name="file"; filename="a"', CSV), LABEL, LABEL], 422, "repeated", id="an option twice"
        ),
    ],
)
def test_what_is_no_file_is_refused_with_a_way_out(
    sqlite_client: TestClient, parts: list[tuple[str, bytes]], status: int, code: str
) -> None:
    answer = post(sqlite_client, *parts)
    assert answer.status_code == status, answer.text
    assert code in [each["code"] for each in answer.json().get("errors", [])] or code in answer.text
    listed = sqlite_client.get("/v1/datasets").json()["data"]
    assert {each["kind"] for each in listed} == {"builtin"}


def test_a_list_may_be_given_item_by_item(sqlite_client: TestClient) -> None:
    ignored = [('name="ignore"', b"width"), ('name="ignore"', b'["color"]')]
    answer = post(sqlite_client, *ignored, LABEL, ('name="file"; filename="a"', CSV))
    assert answer.json()["options"]["ignore"] == ["width", "color"]


def test_an_announced_id_stays_where_the_same_was_uploaded_before(
    client: TestClient, database: Database, tmp_path: Any
) -> None:
    first = upload(client, target="label").json()
    read_all(database, tmp_path)
    arrays = count(database, DatasetArrayRow)
    announced = client.post("/v1/datasets/announcements", json={"target": "label"}).json()
    content = announced["links"]["content"]
    assert client.put(content, content=b"").status_code == 422
    sent = client.put(content, content=CSV)
    assert (sent.status_code, sent.json()["id"]) == (202, announced["id"])
    read_all(database, tmp_path)
    both = [client.get(f"/v1/datasets/{made['id']}").json() for made in (first, announced)]
    assert [each["status"] for each in both] == ["ready", "ready"]
    assert both[0]["version"] == both[1]["version"]
    assert (count(database, DatasetRow), count(database, DatasetArrayRow)) == (2, arrays)
    assert upload(client, target="label").json()["id"] == first["id"]
    assert client.delete(f"/v1/datasets/{first['id']}").status_code == 204
    assert client.post("/v1/experiments", json={"dataset": announced["id"]}).status_code == 201
