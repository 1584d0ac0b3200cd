"""An experiment on several labels is a classification, though its data has no classes."""

from pathlib import Path

from fastapi.testclient import TestClient

from service.storage.database import Database
from tests.service import rows
from tests.service.datasets.uploading import read_all, upload

TABLE = "a,p,q\n" + "".join(f"{row},{row % 2},{row // 2 % 2}\n" for row in range(30))


def test_it_has_accuracies_and_no_errors(client: TestClient, database: Database, tmp_path: Path) -> None:
    made = upload(client, TABLE.encode(), target='["p", "q"]', task="multilabel").json()
    read_all(database, tmp_path)
    experiment = client.post("/v1/experiments", json={"dataset": made["id"]}).json()
    assert (experiment["dataset"]["classes"], experiment["units"]) == (None, None)
    rows.add_epochs(database, experiment["id"], 2)
    found = client.get(experiment["links"]["self"]).json()
    assert "val_accuracy" in found["best"]
    assert "val_mae" not in found["best"]
    curve = client.get(experiment["links"]["metrics"]).json()
    assert "val_accuracy" in curve
    assert "val_rmse" not in curve
    events = client.get(experiment["links"]["events"], headers={"Accept": "application/json"}).json()["data"]
    assert all("val_r2" not in event["data"] for event in events)
