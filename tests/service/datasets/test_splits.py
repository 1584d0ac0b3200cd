"""Which rows of an uploaded data set train, validate and test: as posting tells, and as workers divide them."""

from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from engine.preparation import prepare
from engine.spec import Experiment, resolve
from service.database import Database
from service.datasets.cache import DatasetCache
from tests.service.datasets.uploading import read_all, upload

PATIENTS = "".join(f"{row},patient {row // 4},{row % 2}\n" for row in range(100))


def uploaded(client: TestClient, database: Database, folder: Path, content: str, **fields: str) -> Any:
    """Return the data set once it has been read."""
    made = upload(client, content.encode(), **fields).json()
    read_all(database, folder)
    found = client.get(made["links"]["self"]).json()
    assert found["status"] == "ready", found
    return found


def test_a_group_is_in_one_part_unless_rows_are_asked_for(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    data = uploaded(
        client, database, tmp_path, "dose,patient,cured\n" + PATIENTS, group="patient", target="cured"
    )
    assert data["groups"] == 25
    posted = client.post("/v1/experiments", json={"dataset": data["id"]}).json()
    assert posted["spec"]["split"]["by"] == "groups"
    assert posted["dataset"]["rows"] == {"train": 60, "validation": 20, "test": 20}
    dataset = DatasetCache(database, tmp_path / "cache", 2**30).load(data["id"], data["version"])
    spec = posted["spec"] | {"scaling": "none", "precision": "float64"}
    splits = prepare(dataset, resolve(Experiment.from_document(_of_engine(spec)), dataset.facts))
    parts = [set((part.x[:, 0] // 4).tolist()) for part in (splits.train, splits.validation, splits.test)]
    assert [len(part) for part in parts] == [15, 5, 5]
    assert len(set.union(*parts)) == 25
    torn = client.post("/v1/experiments", json={"dataset": data["id"], "split": {"by": "fractions"}}).json()
    assert [warning["code"] for warning in torn["warnings"]] == ["groups_in_several_parts"]


def _of_engine(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name != "dataset"}


def test_groups_are_refused_where_there_are_none_or_too_few(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    answer = client.post("/v1/experiments", json={"dataset": "digits", "split": {"by": "groups"}})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/split/by"]
    two = "a,g,y\n" + "".join(f"{row},{row % 2},{row % 3}\n" for row in range(30))
    data = uploaded(client, database, tmp_path, two, group="g", target="y")
    answer = client.post("/v1/experiments", json={"dataset": data["id"]})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/split"]
    assert "has 2" in answer.json()["errors"][0]["message"]
    fewer = {"dataset": data["id"], "split": {"test": 0}}
    assert client.post("/v1/experiments", json=fewer).status_code == 201


def test_a_column_says_which_rows_are_which(client: TestClient, database: Database, tmp_path: Path) -> None:
    parts = ["train"] * 6 + ["validation", "test"] * 2
    rows = "".join(f"{row},{part},{row % 2}\n" for row, part in enumerate(parts))
    data = uploaded(client, database, tmp_path, "a,part,y\n" + rows, split="part")
    document = {"dataset": data["id"], "split": {"by": "dataset"}}
    posted = client.post("/v1/experiments", json=document).json()
    assert posted["dataset"]["rows"] == {"train": 6, "validation": 2, "test": 2}
    dataset = DatasetCache(database, tmp_path / "cache", 2**30).load(data["id"], data["version"])
    np.testing.assert_array_equal(dataset.x[:, 0], range(6))
    assert dataset.x_test is not None
    np.testing.assert_array_equal(dataset.x_test[:, 0], [7, 9])
