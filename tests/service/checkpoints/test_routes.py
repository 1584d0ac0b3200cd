"""Checkpoints over HTTP: what they are, their bytes, and not sending what the client has."""

import asyncio
import hashlib
import io
import json
from collections.abc import Callable, MutableMapping
from typing import Any, cast

import numpy as np
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from safetensors.numpy import load, save
from sqlalchemy.pool import QueuePool

from service.checkpoints import service
from service.checkpoints.models import CheckpointChunkRow
from service.checkpoints.schemas import CheckpointList, CheckpointRead
from service.checkpoints.service import CheckpointCut, CheckpointReplaced
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

WEIGHTS: dict[str, np.ndarray[Any, Any]] = {
    "0.weight": np.linspace(-1, 1, 40_000, dtype=np.float32).reshape(200, 200),
    "0.bias": np.zeros(200, dtype=np.float32),
}
CONTENT: bytes = save(WEIGHTS, metadata={"format": "pt"})
BETTER: bytes = save({name: array + 1 for name, array in WEIGHTS.items()}, metadata={"format": "pt"})


@pytest.fixture
def experiment_url(client: TestClient, database: Database) -> str:
    """Return the URL of an experiment with a best checkpoint."""
    experiment = client.post("/v1/experiments", json={"dataset": "iris"}).json()
    rows.add_epochs(database, experiment["id"], 5)
    rows.add_checkpoint(database, experiment["id"], CONTENT)
    url: str = experiment["links"]["self"]
    return url


def test_what_a_checkpoint_is(client: TestClient, experiment_url: str) -> None:
    checkpoint = client.get(f"{experiment_url}/checkpoints/best").json()
    CheckpointRead.model_validate(checkpoint)
    assert checkpoint == {
        "id": f"{experiment_url.rpartition('/')[2]}/best",
        "object": "checkpoint",
        "kind": "best",
        "epoch": 3,
        "metrics": {"epoch": 3, **rows.shown_metrics(3)},
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "bytes": len(CONTENT),
        "created_at": "2026-11-22T16:05:09Z",
        "links": {
            "self": f"{experiment_url}/checkpoints/best",
            "content": f"{experiment_url}/checkpoints/best/content",
            "experiment": experiment_url,
        },
    }


def test_the_list_has_all_of_them(client: TestClient, database: Database, experiment_url: str) -> None:
    rows.add_checkpoint(database, experiment_url.rpartition("/")[2], b"", kind="last")
    listed = client.get(f"{experiment_url}/checkpoints").json()
    CheckpointList.model_validate(listed)
    assert [checkpoint["kind"] for checkpoint in listed["data"]] == ["best", "last"]
    assert listed["data"][0] == client.get(f"{experiment_url}/checkpoints/best").json()


def test_none_before_the_first(client: TestClient) -> None:
    url = client.post("/v1/experiments", json={"dataset": "iris"}).json()["links"]["checkpoints"]
    assert client.get(url).json() == {"object": "list", "data": [], "has_more": False, "next": None}
    for part in ("", "/content"):
        response = client.get(f"{url}/best{part}")
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
        assert "has no checkpoint best yet" in response.json()["detail"]


@folded("part", ["", "/content"])
def test_no_such_kind(client: TestClient, experiment_url: str, part: str) -> None:
    response = client.get(f"{experiment_url}/checkpoints/first{part}")
    assert response.status_code == 404
    assert "best and last" in response.json()["detail"]


def test_safetensors(client: TestClient, experiment_url: str) -> None:
    response = client.get(f"{experiment_url}/checkpoints/best/content")
    assert response.status_code == 200
    assert response.content == CONTENT
    assert response.headers["content-length"] == str(len(CONTENT))
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].endswith('-best.safetensors"')
    assert (load(response.content)["0.weight"] == WEIGHTS["0.weight"]).all()


def test_npz(client: TestClient, experiment_url: str) -> None:
    response = client.get(f"{experiment_url}/checkpoints/best/content?format=npz")
    assert response.headers["content-disposition"].endswith('-best.npz"')
    with np.load(io.BytesIO(response.content), allow_pickle=False) as loaded:
        assert all((loaded[name] == array).all() for name, array in WEIGHTS.items())


def test_json(client: TestClient, experiment_url: str) -> None:
    response = client.get(f"{experiment_url}/checkpoints/best/content?format=json")
    assert response.headers["content-type"] == "application/json"
    tensors = json.loads(response.content)["tensors"]
    assert all((np.float32(tensors[name]["data"]) == array).all() for name, array in WEIGHTS.items())


@pytest.mark.parametrize("form", ["safetensors", "npz", "json"])
def test_is_not_sent_to_those_who_have_it(
    client: TestClient, database: Database, experiment_url: str, form: str
) -> None:
    url = f"{experiment_url}/checkpoints/best/content?format={form}"
    tag = client.get(url).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = client.get(url, headers={"If-None-Match": known})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
    rows.add_checkpoint(database, experiment_url.rpartition("/")[2], BETTER)
    better = client.get(url, headers={"If-None-Match": tag})
    assert better.status_code == 200
    assert better.headers["etag"] != tag


def test_each_form_has_its_own_tag(client: TestClient, experiment_url: str) -> None:
    url = f"{experiment_url}/checkpoints/best/content"
    tags = {client.get(f"{url}?format={form}").headers["etag"] for form in ("safetensors", "npz", "json")}
    assert len(tags) == 3


@folded("query", ["format=onnx", "format=", "form=npz"])
def test_a_form_it_does_not_have(client: TestClient, experiment_url: str, query: str) -> None:
    response = client.get(f"{experiment_url}/checkpoints/best/content?{query}")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


class SlowReader:
    """An HTTP client that does something as soon as the first bytes have come."""

    def __init__(self, client: TestClient, url: str, then: Callable[[], None]) -> None:
        self.app: Any = client.app
        self.url = url
        self.then = then
        self.received = b""
        self.complete = False

    def read(self) -> None:
        """Ask for the URL and receive until the answer or the connection ends."""
        path, _, query = self.url.partition("?")
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
        request = {**scope, "query_string": query.encode(), "root_path": "", "http_version": "1.1"}
        asyncio.run(self.app(request, self._nothing_more, self._receive))

    async def _nothing_more(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def _receive(self, message: MutableMapping[str, Any]) -> None:
        content = message.get("body", b"")
        if content and not self.received:
            self.then()
        self.received += content
        self.complete |= message["type"] == "http.response.body" and not message.get("more_body", False)


@pytest.mark.parametrize("form", ["safetensors", "npz", "json"])
def test_a_better_epoch_stored_meanwhile_mixes_nothing(
    client: TestClient,
    database: Database,
    experiment_url: str,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    identifier = experiment_url.rpartition("/")[2]
    monkeypatch.setattr(service, "CHECKED_FIRST_BYTES", 0)
    url = f"{experiment_url}/checkpoints/best/content"
    reader = SlowReader(
        client, f"{url}?format={form}", lambda: rows.add_checkpoint(database, identifier, BETTER)
    )
    before = client.get(f"{url}?format={form}").content
    with pytest.raises(CheckpointReplaced):
        reader.read()
    assert 0 < len(reader.received) < len(before)
    assert before.startswith(reader.received)
    assert not reader.complete
    assert client.get(url).content == BETTER


def test_who_does_not_read_holds_no_connection(
    client: TestClient, database: Database, experiment_url: str
) -> None:
    in_use = []
    pool = cast("QueuePool", database.engine.pool)
    url = f"{experiment_url}/checkpoints/best/content"
    reader = SlowReader(client, url, lambda: in_use.append(pool.checkedout()))
    reader.read()
    assert (in_use, reader.complete, reader.received) == ([0], True, CONTENT)


def test_a_checkpoint_with_a_piece_missing_is_not_passed_off_as_whole(
    client: TestClient, database: Database, experiment_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CHECKED_FIRST_BYTES", 0)
    with database.transaction() as session:
        session.execute(sa.delete(CheckpointChunkRow).where(CheckpointChunkRow.position == 7))
    reader = SlowReader(client, f"{experiment_url}/checkpoints/best/content", lambda: None)
    with pytest.raises(CheckpointCut):
        reader.read()
    assert CONTENT.startswith(reader.received)
    assert not reader.complete
