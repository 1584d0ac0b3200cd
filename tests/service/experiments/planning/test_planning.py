"""Checking an experiment before it is posted: what posting would say, and nothing stored."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.execution.upkeep.reading_process import read
from service.experiments.examples import EXAMPLES
from service.experiments.planning.plan import ExperimentPlan
from service.storage.database import Database
from tests.cases import folded
from tests.service.datasets.uploading import begin_first

URL = "/v1/experiments"
POSTED = ("spec", "given_lambda", "dataset", "parameters", "equivalents", "warnings")


def plan(client: TestClient, **document: Any) -> dict[str, Any]:
    response = client.post(f"{URL}/validate", json={"dataset": "digits", **document})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    ExperimentPlan.model_validate(found)
    return found


@folded(
    "document",
    [
        *(example["value"] for example in EXAMPLES.values()),
        {"penalty": "l2", "lambda": 1e-9, "lambda_convention": "keras", "seed": 1},
        {"patience": 100, "min_delta": 0.1, "batch_size": 5000, "seed": 1, "priority": 3},
        {"dataset": "diabetes", "architecture": [], "seed": 1, "time_limit_seconds": 5},
    ],
)
def test_is_what_posting_answers_and_stores_nothing(client: TestClient, document: dict[str, Any]) -> None:
    before = client.get(URL).json()
    planned = plan(client, **document)
    assert client.get(URL).json() == before
    posted = client.post(URL, json={"dataset": "digits", **document}).json()
    assert {name: planned[name] for name in POSTED} == {name: posted[name] for name in POSTED}


def test_a_seed_is_not_drawn_yet(sqlite_client: TestClient) -> None:
    planned = plan(sqlite_client)
    assert planned["spec"]["seed"] is None
    posted = sqlite_client.post(URL, json=planned["spec"]).json()
    assert {**posted["spec"], "seed": None} == planned["spec"]


@folded(
    "document",
    [
        {"dataset": "digit"},
        {"lamda": 1, "patience": -1},
        {"penalty": "l1", "lambda": 1, "lambda_convention": "pytorch"},
        {"architecture": [65_536, 65_536]},
        {"init": {"name": "given", "checkpoint": "exp_01KAPZ4M7S3F6N6Q3W8E5T2R1Y/best"}},
        {"name": 3, "metadata": [], "priority": 1000, "time_limit_seconds": 0},
    ],
)
def test_is_refused_in_the_words_of_posting(client: TestClient, document: dict[str, Any]) -> None:
    answers = [client.post(url, json={"dataset": "digits", **document}) for url in (f"{URL}/validate", URL)]
    assert [answer.status_code for answer in answers] == [422, 422]
    planned, posted = (answer.json() for answer in answers)
    assert {**planned, "instance": "", "request_id": ""} == {**posted, "instance": "", "request_id": ""}


def test_the_estimate_grows_with_the_work(sqlite_client: TestClient) -> None:
    small, large = (
        plan(sqlite_client, architecture=[units], max_epochs=1000)["estimate"] for units in (8, 4096)
    )
    assert large["seconds_per_epoch"] > 5 * small["seconds_per_epoch"]
    assert large["memory_bytes"] > 5 * small["memory_bytes"]
    assert small["seconds"] == pytest.approx(1000 * small["seconds_per_epoch"], rel=0.01)
    limited = plan(sqlite_client, architecture=[4096], max_epochs=1000, time_limit_seconds=0.5)["estimate"]
    assert limited["seconds"] == 0.5


def test_an_uploaded_data_set_is_known_and_has_to_be_ready(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    table = "\n".join(["size,label", *(f"{row},{'yes' if row % 2 else 'no'}" for row in range(60))])
    files = {"file": ("table.csv", table.encode(), "text/csv")}
    made = client.post("/v1/datasets", data={"target": "label"}, files=files).json()
    document = {"dataset": made["id"], "seed": 1}
    waiting = [client.post(url, json=document).json()["errors"] for url in (f"{URL}/validate", URL)]
    assert waiting[0] == waiting[1]
    with database.transaction() as session:
        begun = begin_first(session)
    assert begun is not None
    read(database, *begun, tmp_path)
    planned = plan(client, **document)
    posted = client.post(URL, json=document).json()
    assert {name: planned[name] for name in POSTED} == {name: posted[name] for name in POSTED}
