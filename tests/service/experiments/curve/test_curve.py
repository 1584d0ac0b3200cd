"""The learning curve over HTTP, as columns and as CSV."""

import csv
import io
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.experiments.models import EpochRow
from service.experiments.schemas import CurveRead
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

SHOWN = [*rows.shown_metrics(1), "seconds"]


@pytest.fixture
def curve_url(client: TestClient, database: Database) -> str:
    """Return where the curve of twelve epochs is."""
    experiment: dict[str, Any] = client.post("/v1/experiments", json={"dataset": "iris"}).json()
    rows.add_epochs(database, experiment["id"], 12)
    url: str = experiment["links"]["metrics"]
    return url


def test_every_epoch_in_columns(client: TestClient, curve_url: str) -> None:
    curve = client.get(curve_url).json()
    CurveRead.model_validate(curve)
    assert list(curve) == ["epoch", *SHOWN]
    assert curve["epoch"] == list(range(1, 13))
    for index, epoch in enumerate(curve["epoch"]):
        stored = rows.epoch_metrics(epoch)
        assert all(curve[name][index] == stored[name] for name in SHOWN[:-1])
    assert curve["seconds"] == [epoch * 0.5 for epoch in range(1, 13)]


def test_csv_has_the_same(client: TestClient, curve_url: str) -> None:
    response = client.get(curve_url, headers={"Accept": "text/csv"})
    by_name = client.get(f"{curve_url}?format=csv", headers={"Accept": "application/json"})
    assert (by_name.headers["content-type"], by_name.text) == (
        response.headers["content-type"],
        response.text,
    )
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["vary"].split(", ")[0] == "Accept"
    assert response.headers["content-disposition"].endswith('.csv"')
    read = list(csv.DictReader(io.StringIO(response.text)))
    curve = client.get(curve_url).json()
    assert {name: [float(row[name]) for row in read] for name in read[0]} == curve


def test_from_an_epoch_on(client: TestClient, curve_url: str) -> None:
    assert client.get(f"{curve_url}?from_epoch=11").json()["epoch"] == [11, 12]
    assert client.get(f"{curve_url}?from_epoch=13").json()["epoch"] == []


def test_chosen_metrics(client: TestClient, curve_url: str) -> None:
    for names in ("names=val_loss,seconds", "names=val_loss&names=seconds"):
        curve = client.get(f"{curve_url}?{names}&from_epoch=12").json()
        assert curve == {"epoch": [12], "val_loss": [1.4], "seconds": [6.0]}


def test_thinned(client: TestClient, curve_url: str) -> None:
    assert client.get(f"{curve_url}?names=val_loss&max_points=3").json()["epoch"] == [1, 3, 12]


def test_thinning_keeps_every_extreme(client: TestClient, database: Database, curve_url: str) -> None:
    odd: dict[int, dict[str, float | None]] = {
        5: {"val_loss": 9.0, "objective": None},
        6: {"val_loss": 9.0},
        8: {"train_loss": -1.0},
        9: {"penalty": -1e300, "train_accuracy": 5e-324},
    }
    with database.transaction() as session:
        session.execute(sa.update(EpochRow).values(train_loss=1.0, val_loss=1.0, penalty=0.0))
        for epoch, values in odd.items():
            session.execute(sa.update(EpochRow).where(EpochRow.epoch == epoch).values(**values))
    asked = f"{curve_url}?names=val_loss,train_loss,penalty,train_accuracy"
    assert client.get(f"{asked}&max_points=6").json()["epoch"] == [1, 2, 5, 8, 9, 12]
    thin = client.get(f"{asked}&max_points=6&from_epoch=6").json()
    assert thin["epoch"] == [6, 7, 8, 9, 10, 12]
    assert (thin["val_loss"][0], thin["train_loss"][2], thin["train_accuracy"][3]) == (9.0, -1.0, 5e-324)
    assert client.get(f"{curve_url}?max_points=3&from_epoch=13").json()["epoch"] == []


def test_many_points_of_a_long_curve(client: TestClient, database: Database) -> None:
    experiment: dict[str, Any] = client.post("/v1/experiments", json={"dataset": "iris"}).json()
    rows.add_epochs(database, experiment["id"], 2500)
    url = experiment["links"]["metrics"]
    whole, thin = client.get(url).json(), client.get(f"{url}?max_points=2400").json()
    assert len(thin["epoch"]) == 2400
    assert all(thin[name] == [whole[name][epoch - 1] for epoch in thin["epoch"]] for name in thin)


def test_before_the_first_epoch(client: TestClient) -> None:
    experiment = client.post("/v1/experiments", json={"dataset": "diabetes"}).json()
    curve = client.get(experiment["links"]["metrics"]).json()
    assert set(curve) == set(SHOWN) - {"train_accuracy", "val_accuracy"} | {
        "epoch",
        "train_r2",
        "val_r2",
        "train_mae",
        "val_mae",
        "train_rmse",
        "val_rmse",
    }
    assert not any(curve.values())


def test_what_was_not_finite_is_named(client: TestClient, database: Database, curve_url: str) -> None:
    with database.transaction() as session:
        statement = sa.update(EpochRow).where(EpochRow.epoch == 12)
        session.execute(statement.values(train_loss=None, non_finite=["train_loss"]))
    curve = client.get(f"{curve_url}?from_epoch=11&names=train_loss").json()
    assert curve == {"epoch": [11, 12], "train_loss": [1 / 11, None], "non_finite": [[], ["train_loss"]]}


@folded(
    ("query", "parameter"),
    [
        ("from_epoch=-1", "from_epoch"),
        ("from_epoch=" + "9" * 30, "from_epoch"),
        ("max_points=1", "max_points"),
        ("max_points=many", "max_points"),
        ("max_points=3&max_points=4", "max_points"),
        ("names=val_r2", "names"),
        ("names=", "names"),
        ("names=val_loss&names=val_r2", "names"),
    ],
)
def test_a_query_it_does_not_understand(sqlite_client: TestClient, query: str, parameter: str) -> None:
    url = sqlite_client.post("/v1/experiments", json={"dataset": "iris"}).json()["links"]["metrics"]
    response = sqlite_client.get(f"{url}?{query}")
    assert response.status_code == 422
    assert [wrong["parameter"] for wrong in response.json()["errors"]] == [parameter]


def test_a_form_it_does_not_have(client: TestClient, curve_url: str) -> None:
    response = client.get(curve_url, headers={"Accept": "application/xml"})
    assert (response.status_code, response.headers["content-type"]) == (406, "application/problem+json")
    assert "text/csv" in response.json()["detail"]
