"""Which rows of an uploaded data set train, validate and test: as posting tells, and as workers divide them."""

from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from engine.data import prepare
from engine.spec import Experiment, Split, resolve
from service.datasets import repository
from service.datasets.cache import DatasetCache
from service.datasets.facts import engine_facts
from service.storage.database import Database
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


def test_the_latest_rows_test_and_nothing_but_facts_is_needed_to_say_so(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    days = [f"2024-01-{1 + (7 * row) % 30:02}" for row in range(30)]
    rows = "".join(f"{row},{day},{row % 2}\n" for row, day in enumerate(days))
    data = uploaded(client, database, tmp_path, "a,day,y\n" + rows, order="day")
    assert data["order"] == data["options"]["order"] == "day"
    plain = client.post("/v1/experiments", json={"dataset": data["id"]}).json()
    assert "order_unused" in [warning["code"] for warning in plain["warnings"]]
    document = {"dataset": data["id"], "split": {"by": "order", "validation": 0.1, "test": 0.2}}
    posted = client.post("/v1/experiments", json=document).json()
    assert posted["spec"]["split"]["column"] == "day"
    assert posted["dataset"]["rows"] == {"train": 21, "validation": 3, "test": 6}
    dataset = DatasetCache(database, tmp_path / "cache", 2**30).load(data["id"], data["version"])
    kept = dataset.facts_for(Split(keep_duplicates_together=True))
    assert kept == engine_facts(data_facts(database, data["version"]))
    spec = posted["spec"] | {"scaling": "none", "precision": "float64"}
    splits = prepare(dataset, resolve(Experiment.from_document(_of_engine(spec)), dataset.facts))
    found = [
        [days[int(row)] for row in part.x[:, 0]] for part in (splits.train, splits.validation, splits.test)
    ]
    assert [day for part in found for day in part] == sorted(days)
    wrong = client.post("/v1/experiments", json=document | {"split": {"by": "order", "column": "dya"}}).json()
    assert [error["pointer"] for error in wrong["errors"]] == ["#/split/column"]
    assert "day" in wrong["errors"][0]["message"]


def data_facts(database: Database, version: str) -> Any:
    """The stored facts."""
    with database.reading() as session:
        return repository.find_facts(session, version)


def test_columns_of_built_in_sets_give_an_order(client: TestClient) -> None:
    document = {"dataset": "diabetes", "split": {"by": "order", "column": "age"}}
    posted = client.post("/v1/experiments", json=document).json()
    assert posted["spec"]["split"]["column"] == "age"
    assert posted["dataset"]["rows"] == {"train": 266, "validation": 88, "test": 88}


def test_the_service_promises_the_rows_that_a_split_of_copies_has(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    rows = [f"{row * row % 89},{row * 7 % 13},p{row // 3},{row % 2}" for row in range(90)]
    content = "\n".join(["a,b,patient,y", *rows, *rows[:45]])
    data = uploaded(client, database, tmp_path, content, group="patient", target="y")
    dataset = DatasetCache(database, tmp_path / "cache", 2**30).load(data["id"], data["version"])
    plain = client.post("/v1/experiments", json={"dataset": data["id"]}).json()
    assert "copied_rows" in [warning["code"] for warning in plain["warnings"]]
    for by in ("groups", "fractions"):
        document = {"dataset": data["id"], "split": {"by": by, "keep_duplicates_together": True}}
        posted = client.post("/v1/experiments", json=document).json()
        experiment = Experiment.from_document(_of_engine(posted["spec"]))
        splits = prepare(dataset, resolve(experiment, dataset.facts_for(experiment.split)))
        parts = {name: getattr(splits, name) for name in ("train", "validation", "test")}
        assert posted["dataset"]["rows"] == {name: len(part) for name, part in parts.items()}
        assert "copies_across_parts" not in [warning.code for warning in splits.warnings]
        assert "copied_rows" not in [warning["code"] for warning in posted["warnings"]]
        kinds = [set(map(bytes, np.ascontiguousarray(part.x))) for part in parts.values()]
        assert sum(map(len, kinds)) == len(set.union(*kinds))
