"""`init: given` over HTTP: which checkpoint is meant, whether it fits, and that it is kept."""

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from engine.safetensors import Checkpoint, to_safetensors
from service.checkpoints.schemas import CheckpointRead
from service.experiments.models import ExperimentRow
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

URL = "/v1/experiments"
SMALL: dict[str, Any] = {"dataset": "iris", "architecture": [5], "seed": 1}
PLAIN = ["Linear(4, 5)", "ReLU()", "Linear(5, 3)", "Softmax(dim=1)"]
NORMALIZED = ["Linear(4, 5)", "BatchNorm1d(5)", "ReLU()", "Linear(5, 3)", "Softmax(dim=1)"]


def content(**document: Any) -> bytes:
    """A checkpoint's bytes, as far as the API reads them."""
    weights = {"0.weight": np.ones((5, 4), np.float32)}
    return to_safetensors(Checkpoint(weights, {"modules": PLAIN, **document}))


def create(client: TestClient, **fields: Any) -> dict[str, Any]:
    response = client.post(URL, json={**SMALL, **fields})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def given(checkpoint: str, **fields: Any) -> dict[str, Any]:
    return {**SMALL, **fields, "init": {"name": "given", "checkpoint": checkpoint}}


def refused(client: TestClient, document: dict[str, Any]) -> tuple[str, str, str]:
    before = client.get(URL, params={"limit": 100}).json()["data"]
    response = client.post(URL, json=document)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert client.get(URL, params={"limit": 100}).json()["data"] == before
    (wrong,) = response.json()["errors"]
    return wrong["pointer"], wrong["code"], wrong["message"]


@pytest.fixture
def source(client: TestClient, database: Database) -> str:
    """Return the id of an experiment that has ended and keeps both its checkpoints."""
    id_: str = create(client)["id"]
    rows.add_epochs(database, id_, 5)
    for kind in ("best", "last"):
        rows.add_checkpoint(database, id_, content(kind=kind), kind=kind, piece=64)
    rows.finish(database, id_)
    return id_


def bytes_of(client: TestClient, checkpoint: str) -> bytes:
    id_, _, kind = checkpoint.partition("/")
    return client.get(f"{URL}/{id_}/checkpoints/{kind}/content").content


@pytest.mark.parametrize("kind", ["best", "last"])
def test_the_ids_that_are_listed_are_accepted_and_copied(client: TestClient, source: str, kind: str) -> None:
    listed = {each["kind"]: each["id"] for each in client.get(f"{URL}/{source}/checkpoints").json()["data"]}
    assert listed[kind] == f"{source}/{kind}"
    warm = create(client, **given(listed[kind]))
    assert warm["spec"]["init"] == {"name": "given", "checkpoint": listed[kind]}
    assert [layer["init"] for layer in warm["spec"]["architecture"]] == [None]
    assert warm["warnings"] == []
    initial = client.get(f"{URL}/{warm['id']}/checkpoints/initial").json()
    CheckpointRead.model_validate(initial)
    original = client.get(f"{URL}/{source}/checkpoints/{kind}").json()
    same = ("epoch", "metrics", "sha256", "bytes", "created_at")
    assert [initial[name] for name in same] == [original[name] for name in same]
    assert bytes_of(client, f"{warm['id']}/initial") == bytes_of(client, listed[kind]) == content(kind=kind)


def test_an_experiments_id_alone_means_its_best(client: TestClient, source: str) -> None:
    warm = create(client, **given(source))
    assert warm["spec"]["init"]["checkpoint"] == f"{source}/best"


def test_a_plan_looks_the_checkpoint_up_and_copies_nothing(client: TestClient, source: str) -> None:
    planned = client.post("/v1/experiments/validate", json=given(source)).json()
    assert planned["spec"]["init"] == {"name": "given", "checkpoint": f"{source}/best"}
    assert client.delete(f"/v1/experiments/{source}").status_code == 204
    gone = client.post("/v1/experiments/validate", json=given(source)).json()
    assert [wrong["code"] for wrong in gone["errors"]] == ["unknown_checkpoint"]


def test_the_echo_posts_again_and_the_copy_outlives_its_source(
    client: TestClient, database: Database, source: str
) -> None:
    warm = create(client, **given(source))
    again = create(client, **warm["spec"])
    assert again["spec"] == warm["spec"]
    with database.transaction() as session:
        session.execute(sa.delete(ExperimentRow).where(ExperimentRow.id == source))
    assert bytes_of(client, f"{warm['id']}/initial") == content(kind="best")
    third = create(client, **given(f"{warm['id']}/initial"))
    assert bytes_of(client, f"{third['id']}/initial") == content(kind="best")


@folded(
    "checkpoint",
    [
        "best",
        "exp_",
        "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y",
        "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best",
        "../../etc/passwd",
    ],
)
def test_no_such_experiment(sqlite_client: TestClient, checkpoint: str) -> None:
    pointer, code, message = refused(sqlite_client, given(checkpoint))
    assert (pointer, code) == ("#/init/checkpoint", "unknown_checkpoint")
    assert "/checkpoints" in message


def test_no_such_kind(client: TestClient, source: str) -> None:
    for kind in ("first", "best/content", "initial"):
        pointer, code, message = refused(client, given(f"{source}/{kind}"))
        assert (pointer, code) == ("#/init/checkpoint", "unknown_checkpoint")
        assert "/checkpoints" in message


@folded("status", ["queued", "running", "paused", "cancelling"])
def test_what_may_still_change_is_refused(
    client: TestClient, database: Database, source: str, status: str
) -> None:
    rows.change(database, source, status=status)
    pointer, code, message = refused(client, given(source))
    assert (pointer, code) == ("#/init/checkpoint", "not_ended")
    assert status in message


def test_an_experiment_that_kept_nothing(client: TestClient) -> None:
    id_ = create(client)["id"]
    client.post(f"{URL}/{id_}/cancel")
    assert refused(client, given(id_))[:2] == ("#/init/checkpoint", "unknown_checkpoint")


def test_the_last_weights_of_a_diverged_run_are_refused(
    client: TestClient, database: Database, source: str
) -> None:
    rows.finish(database, source, status="failed", stop_reason="non_finite")
    assert refused(client, given(f"{source}/last"))[:2] == ("#/init/checkpoint", "incompatible")
    create(client, **given(f"{source}/best"))


@folded(
    ("fields", "shape"),
    [
        ({"architecture": [6]}, "4-6-3"),
        ({"architecture": []}, "4-3"),
        ({"architecture": [5, 5]}, "4-5-5-3"),
        ({"architecture": [{"units": 5, "batch_norm": True}]}, "4-5 (batch_norm)-3"),
        ({"dataset": "wine"}, "13-5-3"),
        ({"loss": "squared_error", "dataset": "diabetes"}, "10-5-1"),
    ],
)
def test_another_shape_names_both(
    client: TestClient, source: str, fields: dict[str, Any], shape: str
) -> None:
    pointer, code, message = refused(client, given(source, **fields))
    assert (pointer, code) == ("#/init/checkpoint", "incompatible")
    assert "is 4-5-3," in message
    assert f"experiment's {shape} " in message


def test_batch_normalization_is_part_of_the_shape(
    client: TestClient, database: Database, source: str
) -> None:
    rows.add_checkpoint(database, source, content(unfolded_modules=NORMALIZED))
    assert "is 4-5 (batch_norm)-3," in refused(client, given(source))[2]
    create(client, **given(source, architecture=[{"units": 5, "batch_norm": True}], precision="float64"))


@pytest.mark.parametrize(
    ("split", "warned"),
    [({"seed": 1}, True), ({"validation": 0.3}, True), ({"train_rows": 20}, False)],
)
def test_rows_that_the_checkpoint_has_seen_are_warned_of(
    client: TestClient, source: str, split: dict[str, Any], warned: bool
) -> None:
    warnings = create(client, **given(source, split=split))["warnings"]
    found = [(each["pointer"], each["code"]) for each in warnings if each["pointer"] == "#/init/checkpoint"]
    assert found == [("#/init/checkpoint", "checkpoint_of_other_split")] * warned


@folded(
    ("beside", "pointer"),
    [
        ({"bias_init": "zeros"}, "#/bias_init"),
        ({"architecture": [{"units": 5, "init": "zeros"}]}, "#/architecture/0/init"),
        ({"architecture": [{"units": 5, "init": "given"}]}, "#/architecture/0/init"),
    ],
)
def test_given_is_for_the_whole_network(
    client: TestClient, source: str, beside: dict[str, Any], pointer: str
) -> None:
    assert refused(client, given(source, **beside))[0] == pointer
