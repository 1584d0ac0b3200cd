"""An experiment from its POST to its end, as a client sees it."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.experiments.examples import EXAMPLES
from service.experiments.schemas import ExperimentRead
from service.storage.database import Database
from tests.cases import folded
from tests.service import rows

URL = "/v1/experiments"


def create(client: TestClient, **document: Any) -> dict[str, Any]:
    response = client.post(URL, json={"dataset": "digits", **document})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def read(client: TestClient, identifier: str) -> dict[str, Any]:
    response = client.get(f"{URL}/{identifier}")
    assert response.status_code == 200
    experiment: dict[str, Any] = response.json()
    ExperimentRead.model_validate(experiment)
    return experiment


def test_the_smallest_document_is_answered_with_every_default(client: TestClient) -> None:
    response = client.post(URL, json={"dataset": "digits"})
    experiment = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"{URL}/{experiment['id']}"
    assert (experiment["object"], experiment["status"], experiment["stop_reason"]) == (
        "experiment",
        "queued",
        None,
    )
    assert experiment["spec"]["dataset"] == "digits"
    layer = {"units": 64, "activation": "relu", "dropout": 0.0, "init": "he_normal"}
    assert [each | layer for each in experiment["spec"]["architecture"]] == experiment["spec"]["architecture"]
    assert experiment["spec"]["lambda"] == 0
    assert "auto" not in response.text
    assert 0 <= experiment["spec"]["seed"] < 2**53
    assert experiment["dataset"]["rows"] == {"train": 1079, "validation": 359, "test": 359}
    assert experiment["dataset"]["classes"] == [str(digit) for digit in range(10)]
    assert experiment["parameters"] == 65 * 64 + 65 * 10
    assert experiment["progress"] == {"epoch": 0, "max_epochs": 100, "eta_seconds": None, "queue_position": 1}
    assert [experiment[name] for name in ("best", "final", "test", "argmin_epoch", "error")] == [None] * 5
    assert [experiment[name] for name in ("started_at", "finished_at")] == [None, None]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", experiment["created_at"])
    assert read(client, experiment["id"]) == experiment


@folded("dataset", ["digits", "mnist-mini", "breast_cancer", "diabetes", "moons"])
@folded(
    "document",
    [
        {},
        {"architecture": [], "penalty": "l1", "lambda": 0.5},
        {
            "architecture": [7, {"units": 5, "activation": "tanh", "dropout": 0.25, "init": "xavier_normal"}],
            "penalty": "elastic_net",
            "lambda": 1e-3,
            "l1_ratio": 0.1,
            "patience": 3,
            "init": {"name": "normal", "std": 0.5},
            "optimizer": "adam",
            "scaling": {"divide_by": 16},
            "seed": 2**63 - 1,
            "precision": "float64",
        },
    ],
)
def test_what_is_echoed_can_be_posted_again(
    sqlite_client: TestClient, dataset: str, document: dict[str, Any]
) -> None:
    spec = create(sqlite_client, **{**document, "dataset": dataset})["spec"]
    assert create(sqlite_client, **spec)["spec"] == spec


def test_an_echo_of_the_datasets_own_parts_can_be_posted_again(sqlite_client: TestClient) -> None:
    split = {"by": "dataset", "seed": 3, "train_rows": 500}
    created = create(sqlite_client, dataset="mnist-mini", split=split, label_noise=0.1)
    assert created["spec"]["split"] == split
    assert created["spec"]["monitor"] == "train_loss"
    assert created["dataset"]["rows"] == {"train": 500, "validation": 0, "test": 2000}
    assert create(sqlite_client, **created["spec"])["spec"] == created["spec"]


def test_a_seed_is_drawn_each_time(sqlite_client: TestClient) -> None:
    assert len({create(sqlite_client)["spec"]["seed"] for _ in range(10)}) == 10


def test_large_seeds_and_odd_texts_come_back_as_they_went(client: TestClient) -> None:
    labels = {"führt": "zum 🚂", "quote'\"": "50 %; DROP TABLE experiments", "]": "["}
    created = create(client, seed=2**63 - 1, name="λ ≥ 0 \n\t", metadata=labels)
    experiment = read(client, created["id"])
    assert (experiment["spec"]["seed"], experiment["name"]) == (2**63 - 1, "λ ≥ 0 \n\t")
    assert experiment["metadata"] == labels


def test_warnings_are_shown_with_their_place(sqlite_client: TestClient) -> None:
    warnings = create(sqlite_client, **{"lambda": 1, "batch_size": 5000})["warnings"]
    assert [(found["code"], found["pointer"]) for found in warnings] == [
        ("lambda_without_penalty", "#/lambda"),
        ("batch_exceeds_rows", "#/batch_size"),
    ]


@folded("example", EXAMPLES)
def test_the_examples_of_the_documentation_are_accepted(sqlite_client: TestClient, example: str) -> None:
    experiment = create(sqlite_client, **(EXAMPLES[example]["value"] or {}))
    assert experiment["warnings"] == []
    held_out = 0 if example == "own-parts" else 200
    assert experiment["dataset"]["rows"] == {"train": 1000 - held_out, "validation": held_out, "test": 2000}


def test_the_queue_is_counted(client: TestClient) -> None:
    queued = [create(client)["id"] for _ in range(4)]
    assert [read(client, each)["progress"]["queue_position"] for each in queued] == [1, 2, 3, 4]
    client.post(f"{URL}/{queued[1]}/cancel")
    assert [read(client, each)["progress"]["queue_position"] for each in queued] == [1, None, 2, 3]
    listed = client.get(URL).json()["data"]
    assert [each["progress"]["queue_position"] for each in listed] == [3, 2, None, 1]


def test_far_back_in_the_queue_nothing_is_counted(client: TestClient, database: Database) -> None:
    last = create(client)["id"]
    rows.put_ahead(database, last, 1000)
    assert read(client, last)["progress"]["queue_position"] is None
    newest = client.get(URL).json()["data"]
    assert [each["progress"]["queue_position"] for each in newest[:3]] == [None, 1000, 999]
    assert create(client)["progress"]["queue_position"] is None
    client.post(f"{URL}/{newest[1]['id']}/cancel")
    assert read(client, last)["progress"]["queue_position"] == 1000


def test_while_it_runs(client: TestClient, database: Database) -> None:
    identifier = create(client, max_epochs=14)["id"]
    rows.add_epochs(database, identifier, 4)
    experiment = read(client, identifier)
    assert experiment["status"] == "running"
    assert experiment["progress"] == {
        "epoch": 4,
        "max_epochs": 14,
        "eta_seconds": 5.0,
        "queue_position": None,
    }
    assert experiment["best"] == {
        "epoch": 3,
        **rows.shown_metrics(3),
    }
    assert experiment["final"]["epoch"] == 4
    assert experiment["started_at"] == "2026-11-22T16:05:03.250000Z"
    assert experiment["links"]["cancel"] == f"{URL}/{identifier}/cancel"


def test_once_it_has_ended(client: TestClient, database: Database) -> None:
    identifier = create(client)["id"]
    rows.add_epochs(database, identifier, 5)
    rows.finish(database, identifier)
    experiment = read(client, identifier)
    assert (experiment["status"], experiment["stop_reason"]) == ("succeeded", "max_epochs")
    assert experiment["test"] == {"loss": 0.5, "accuracy": 0.875}
    assert experiment["argmin_epoch"] == 3
    assert experiment["progress"]["eta_seconds"] is None
    assert experiment["finished_at"] == "2026-11-22T16:05:09Z"
    assert "cancel" not in experiment["links"]


def test_a_regression_has_its_own_scores(client: TestClient, database: Database) -> None:
    identifier = create(client, dataset="diabetes")["id"]
    rows.add_epochs(database, identifier, 3)
    rows.finish(database, identifier, test={"loss": 0.5, "r2": 0.25, "mae": 44.0})
    experiment = read(client, identifier)
    assert experiment["dataset"]["classes"] is None
    assert {"train_r2", "val_mae"} < set(experiment["best"])
    assert "train_accuracy" not in experiment["best"]
    assert experiment["test"] == {"loss": 0.5, "r2": 0.25, "mae": 44.0}
    assert {"train_rmse", "val_rmse"} < set(experiment["best"])


@pytest.mark.parametrize(("scaling", "unit"), [("standardize", "standardized"), ("none", "target")])
def test_a_regression_says_what_its_numbers_are_measured_in(
    client: TestClient, scaling: str, unit: str
) -> None:
    regression = create(client, dataset="diabetes", target_scaling=scaling, monitor="val_rmse")
    assert regression["units"] == {"loss": unit, "mae": "target", "rmse": "target"}
    assert create(client)["units"] is None


def test_numbers_that_were_not_finite_are_null_and_named(client: TestClient, database: Database) -> None:
    identifier = create(client)["id"]
    rows.add_epochs(database, identifier, 2)
    final = {
        **rows.epoch_metrics(2),
        "train_loss": None,
        "objective": None,
        "non_finite": ["train_loss", "objective"],
    }
    error = {"code": "non_finite", "message": "It diverged."}
    rows.finish(
        database, identifier, status="failed", stop_reason="non_finite", final=final, test=None, error=error
    )
    experiment = read(client, identifier)
    assert experiment["final"]["train_loss"] is None
    assert experiment["final"]["non_finite"] == ["train_loss", "objective"]
    assert experiment["error"] == error


def test_lambda_in_another_tools_terms_is_echoed_as_the_textbooks_and_as_it_was_given(
    client: TestClient,
) -> None:
    layers = [5, {"units": 4, "penalty": {"name": "l1", "lambda": 0.5}}]
    spec = {"dataset": "mnist-mini", "architecture": layers, "penalty": "l2", "lambda": 0.001}
    created = create(client, **spec, lambda_convention="keras")
    experiment = read(client, created["id"])
    assert experiment["given_lambda"] == {"convention": "keras", "lambda": 0.001, "layers": [None, 0.5]}
    assert (experiment["spec"]["lambda"], experiment["spec"]["lambda_convention"]) == (1.6, "textbook")
    assert experiment["spec"]["architecture"][1]["penalty"] == {"name": "l1", "lambda": 400.0}
    assert experiment["equivalents"]["keras"]["l2"] == pytest.approx(0.001, rel=1e-15)

    again = create(client, **experiment["spec"])
    assert again["spec"] == experiment["spec"]
    assert again["given_lambda"] is None


def test_equivalents_are_those_of_the_training_rows(sqlite_client: TestClient) -> None:
    equivalents = create(sqlite_client, dataset="mnist-mini", penalty="l2", **{"lambda": 0.8})["equivalents"]
    assert equivalents["pytorch"]["weight_decay"] == pytest.approx(0.8 / 800)
    assert equivalents["keras"]["l2"] == pytest.approx(0.8 / 1600)


def test_equivalents_are_read_from_the_row_and_computed_for_an_older_one(
    client: TestClient, database: Database
) -> None:
    created = create(client, penalty="l2", architecture=[], **{"lambda": 0.3})
    stored = {**created["equivalents"], "pytorch": {"weight_decay": 7.0, "note": "as stored"}}
    rows.change(database, created["id"], equivalents=stored)
    assert read(client, created["id"])["equivalents"] == stored
    rows.change(database, created["id"], equivalents=None)
    assert read(client, created["id"])["equivalents"] == created["equivalents"]


def test_an_equivalent_that_is_not_finite_is_null(sqlite_client: TestClient) -> None:
    created = create(sqlite_client, penalty="l2", architecture=[], **{"lambda": 1e-320})
    assert created["equivalents"]["sklearn"]["logistic_regression_C"] is None
    assert read(sqlite_client, created["id"])["equivalents"] == created["equivalents"]


@folded(
    "identifier",
    ["nothing", "exp_01ARYZ6S41TSV4RRFFQ69G5FAV", "exp_%00", "%F0%9F%9A%82", "exp_" + "0" * 5000, "%ff"],
)
@folded("part", ["", "/metrics", "/checkpoints", "/checkpoints/best", "/checkpoints/best/content"])
def test_no_such_experiment(sqlite_client: TestClient, identifier: str, part: str) -> None:
    response = sqlite_client.get(f"{URL}/{identifier}{part}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"].startswith("There is no experiment ")


def test_a_nul_in_an_identifier_reaches_no_database(client: TestClient) -> None:
    assert client.get(f"{URL}/exp_01ARYZ6S41TSV4RRFFQ69G5FA%00").status_code == 404
    assert client.post(f"{URL}/exp_01ARYZ6S41TSV4RRFFQ69G5FA%00/cancel").status_code == 404
