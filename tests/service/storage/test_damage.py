"""One flipped bit of what is stored is noticed wherever it is read."""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from engine.kernels import Array
from service.checkpoints import service as checkpoints
from service.checkpoints.models import CheckpointChunkRow
from service.checkpoints.service import CheckpointCut
from service.datasets.cache import DatasetCache
from service.datasets.models import DatasetArrayRow, DatasetUploadRow
from service.datasets.uploads import PIECE_BYTES
from service.errors import Damaged
from service.execution.dispatching import repository
from service.execution.ledger import blobs, writes
from service.execution.upkeep import reading_process
from service.execution.upkeep.sweeping import sweep
from service.execution.upkeep.verification import verify
from service.execution.worker.dispatches import WorkerProcess
from service.experiments.models import ResumeStateRow
from service.storage.database import Database
from tests.service import rows
from tests.service.datasets.uploading import CSV, read_all, upload
from tests.service.execution.worker.training import LONG, training, wait_for

SMALL: dict[str, Any] = {"dataset": "iris", "architecture": [4], "max_epochs": 3, "seed": 1}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything stored in several pieces."""
    monkeypatch.setattr(blobs, "CHUNK_BYTES", 200)
    monkeypatch.setattr(reading_process, "PIECE_BYTES", 100)


def keys(database: Database, table: Any, **which: Any) -> Sequence[Any]:
    """The primary key of every piece that there is."""
    with database.reading() as session:
        statement = sa.select(*table.__table__.primary_key.columns).filter_by(**which)
        return session.execute(statement.order_by(*table.__table__.primary_key.columns)).all()


PLACES = (0.0, 0.5, 1.0)
"""Where in a piece a bit is flipped: in its first byte, in the middle, in its last one."""


def flipped(content: bytes, place: float) -> bytes:
    damaged = bytearray(content)
    damaged[round(place * (len(content) - 1))] ^= 1
    return bytes(damaged)


def flip(database: Database, table: Any, key: Any, place: float = 1.0) -> None:
    """Flip a bit of a piece, or flip it back."""
    which = [column == value for column, value in zip(table.__table__.primary_key.columns, key, strict=True)]
    with database.transaction() as session:
        content = session.execute(sa.select(table.__table__.c.content).where(*which)).scalar_one()
        session.execute(sa.update(table).where(*which).values(content=flipped(content, place)))


def flips(database: Database, table: Any, pieces: Sequence[Any]) -> Iterator[Any]:
    """Flip a bit at each place of each piece in turn, and back; yields the key of the piece."""
    for key in pieces:
        for place in PLACES:
            flip(database, table, key, place)
            yield key
            flip(database, table, key, place)


def damages(database: Database) -> list[str]:
    """What ``trainyard verify`` finds."""
    return [str(found) for found in verify(database) if found is not None]


def create(client: TestClient, **document: Any) -> Any:
    answer = client.post("/v1/experiments", json={**SMALL, **document})
    assert answer.status_code == 201, answer.text
    return answer.json()


def train(client: TestClient, database: Database, folder: Path, **document: Any) -> Any:
    """An experiment once a worker is done with it."""
    id_ = create(client, **document)["id"]
    with database.transaction() as session:
        (dispatch_id,) = repository.claim(session, "engine_a", lambda _live: 1)
    url = database.url.render_as_string(hide_password=False)
    with contextlib.closing(WorkerProcess(url, folder / "cache", 2**30)) as worker:
        worker.train(dispatch_id)
    return client.get(f"/v1/experiments/{id_}").json()


@pytest.mark.parametrize("form", ["safetensors", "npz", "json"])
def test_a_small_checkpoint_is_not_sent(
    client: TestClient, database: Database, tmp_path: Path, form: str
) -> None:
    id_ = train(client, database, tmp_path)["id"]
    pieces = keys(database, CheckpointChunkRow, experiment_id=id_, kind="best")
    assert len(pieces) > 2
    url = f"/v1/experiments/{id_}/checkpoints/best/content?format={form}"
    for _ in flips(database, CheckpointChunkRow, pieces):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, "damaged")
        assert f"{id_}/best" in answer.json()["detail"]
        assert "backup" in answer.json()["detail"]
        assert len(damages(database)) == 1
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("form", ["safetensors", "npz", "json"])
def test_a_large_checkpoint_is_cut(
    client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(checkpoints, "CHECKED_FIRST_BYTES", 0)
    id_ = create(client)["id"]
    header = b'{"w":{"dtype":"F32","shape":[200],"data_offsets":[0,800]}}'
    rows.add_checkpoint(database, id_, len(header).to_bytes(8, "little") + header + bytes(800), piece=200)
    url = f"/v1/experiments/{id_}/checkpoints/best/content?format={form}"
    whole = client.get(url).content
    for _ in flips(database, CheckpointChunkRow, keys(database, CheckpointChunkRow, experiment_id=id_)[1:]):
        with pytest.raises(CheckpointCut), client.stream("GET", url) as answer:
            assert len(b"".join(answer.iter_bytes())) < len(whole)


def test_a_warm_start_does_not_begin_with_it(client: TestClient, database: Database, tmp_path: Path) -> None:
    source = train(client, database, tmp_path)["id"]
    for number, key in enumerate(keys(database, CheckpointChunkRow, experiment_id=source, kind="best")):
        place = PLACES[number % len(PLACES)]
        flip(database, CheckpointChunkRow, key, place)
        init = {"name": "given", "checkpoint": source}
        planned = client.post("/v1/experiments/validate", json={**SMALL, "init": init})
        if planned.status_code == 422:
            assert [each["code"] for each in planned.json()["errors"]] == ["damaged"]
        else:
            ended = train(client, database, tmp_path, init=init)
            assert (ended["status"], ended["error"]["code"]) == ("failed", "damaged")
        flip(database, CheckpointChunkRow, key, place)


def test_a_state_is_not_resumed(client: TestClient, database: Database) -> None:
    create(client, **LONG)
    with database.transaction() as session:
        (dispatch_id,) = repository.claim(session, "engine_a", lambda _live: 1)
    with training(database, dispatch_id) as process:
        wait_for(lambda: bool(keys(database, ResumeStateRow)))
        process.stop(60.0)
    pieces = keys(database, ResumeStateRow)
    assert len(pieces) > 2
    for key in flips(database, ResumeStateRow, pieces):
        with database.reading() as session, pytest.raises(Damaged):
            blobs.read_state(session, key.experiment_id)
        assert len(damages(database)) == 1
    flip(database, ResumeStateRow, pieces[0])
    with database.transaction() as session:
        (dispatch_id,) = repository.claim(session, "engine_a", lambda _live: 1)
        (work,) = writes.begin(session, dispatch_id)
    assert (work.state, work.last_epoch) == (None, 0)
    found = client.get(f"/v1/experiments/{pieces[0].experiment_id}").json()
    assert [each["code"] for each in found["warnings"]] == ["restarted_after_damage"]
    assert found["progress"]["epoch"] == 0


def test_a_file_that_was_uploaded_is_not_read(client: TestClient, database: Database, tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,2\n2,1\n" * (PIECE_BYTES // 6)
    for number, place in enumerate(PLACES):
        made = upload(client, content + b"1,2\n" * number).json()
        pieces = keys(database, DatasetUploadRow, dataset_id=made["id"])
        assert len(pieces) == 2
        flip(database, DatasetUploadRow, pieces[number % 2], place)
        read_all(database, tmp_path)
        found = client.get(made["links"]["self"]).json()
        assert found["status"] == "rejected"
        assert "upload the file again" in found["rejection"]["advice"]


def test_an_array_is_not_trained_on_until_it_is_repaired(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    made = upload(client, target="label").json()
    read_all(database, tmp_path)
    pieces = keys(database, DatasetArrayRow)
    assert len(pieces) > 3
    found = client.get(made["links"]["self"]).json()
    for _ in flips(database, DatasetArrayRow, pieces):
        with pytest.raises(Damaged, match="announcements"):
            load(database, tmp_path / "cache", found)
        assert len(damages(database)) == 1
    flip(database, DatasetArrayRow, pieces[1])
    assert train(client, database, tmp_path, dataset=made["id"])["error"]["code"] == "damaged"
    announced = client.post("/v1/datasets/announcements", json={"target": "label"}).json()
    assert client.put(announced["links"]["content"], content=CSV).status_code == 202
    read_all(database, tmp_path)
    sweep(database)
    assert train(client, database, tmp_path, dataset=made["id"])["status"] == "succeeded"


def load(database: Database, folder: Path, found: Any) -> Array:
    """The features as a process that has just begun reads them."""
    return DatasetCache(database, folder, 2**30).load(found["id"], found["version"]).x


@pytest.mark.parametrize("way", [*PLACES, "zeroed", "short", "missing"])
def test_a_damaged_file_of_the_cache_is_fetched_anew(
    client: TestClient, database: Database, tmp_path: Path, way: float | str
) -> None:
    made = upload(client, target="label").json()
    read_all(database, tmp_path)
    found = client.get(made["links"]["self"]).json()
    folder = tmp_path / "cache"
    # A worker that has trained on it maps the very file that is damaged.
    cache = DatasetCache(database, folder, 2**30)
    x = cache.load(found["id"], found["version"]).x.tolist()
    hashes = {
        file: hashlib.sha256(file.read_bytes()).hexdigest() for file in (folder / found["version"]).iterdir()
    }
    assert len(hashes) == 3
    for file in hashes:
        for is_new in (True, False):
            content = file.read_bytes()
            if way == "missing":
                file.unlink()
            elif isinstance(way, float):
                file.write_bytes(flipped(content, way))
            else:
                file.write_bytes(bytes(len(content)) if way == "zeroed" else content[:-1])
            loaded = DatasetCache(database, folder, 2**30) if is_new else cache
            assert loaded.load(found["id"], found["version"]).x.tolist() == x
            assert {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in hashes} == hashes
