"""The main job: POST an experiment, get a trained network's results."""

import json
import re
import subprocess
from typing import Any

from engine import blas
from tests.end_to_end.conftest import ENDLESS_RUN, LONG_RUN
from tests.end_to_end.harness import BINARIES, Service, wait_for


def test_an_experiment_is_trained(service: Service) -> None:
    id_ = service.submit(dataset="digits", max_epochs=20, seed=1)
    ended = service.wait_for_end(id_)
    assert (ended["status"], ended["stop_reason"], ended["attempt"]) == ("succeeded", "max_epochs", 1)
    assert ended["progress"]["epoch"] == 20
    assert ended["test"]["accuracy"] > 0.9
    metrics = service.get(f"/v1/experiments/{id_}/metrics")
    assert metrics["epoch"] == list(range(1, 21))
    assert metrics["val_loss"][ended["best"]["epoch"] - 1] == min(metrics["val_loss"])
    assert set(service.fingerprints(id_)) == {"best", "last"}


def test_an_experiment_is_followed_through_the_logs_of_api_and_worker(service: Service) -> None:
    id_ = service.submit(dataset="iris", architecture=[4], max_epochs=1)
    service.wait_for_end(id_)

    def lines() -> dict[str, dict[str, Any]]:
        found = [json.loads(line) for line in service.lines if line.startswith("{") and id_ in line]
        return {line["event"]: line for line in reversed(found)}

    wait_for(lambda: "an experiment left" in lines(), "the worker's last line")
    created, begun, left = (
        lines()[name] for name in ("request", "training an experiment", "an experiment left")
    )
    assert (created["method"], created["status"]) == ("POST", 201)
    assert begun["request_id"] == left["request_id"] == created["request_id"]
    assert begun["dispatch_id"] == left["dispatch_id"]
    assert (left["status"], left["stop_reason"]) == ("succeeded", "max_epochs")
    assert all({"time", "level"} <= line.keys() for line in (created, begun, left))


def test_workers_use_the_same_kernels_as_the_engine_alone(service: Service) -> None:
    assert blas.environment().items() <= service.worker_environment().items()
    assert "MALLOC_TRIM_THRESHOLD_" not in service.worker_environment()


def test_more_experiments_than_workers_all_end(service: Service) -> None:
    ids = [service.submit(dataset="iris", architecture=[4], max_epochs=3, seed=seed) for seed in range(6)]
    assert {service.wait_for_end(id_)["status"] for id_ in ids} == {"succeeded"}


def test_a_running_experiment_is_cancelled_and_keeps_its_best_weights(service: Service) -> None:
    id_ = service.submit(**ENDLESS_RUN)
    service.wait_for_epoch(id_)
    service.cancel(id_)
    ended = service.wait_for_end(id_)
    assert (ended["status"], ended["stop_reason"]) == ("cancelled", "user")
    assert service.get(f"/v1/experiments/{id_}/metrics")["epoch"] == list(
        range(1, ended["progress"]["epoch"] + 1)
    )
    assert set(service.fingerprints(id_)) == {"best", "last"}


def test_a_killed_worker_costs_nothing_but_time(service: Service) -> None:
    undisturbed = service.submit(**LONG_RUN)
    service.wait_for_end(undisturbed)
    disturbed = service.submit(**LONG_RUN)
    service.wait_for_epoch(disturbed)
    killed = service.workers()
    for pid in killed:
        subprocess.run(["kill", "-9", str(pid)], check=True)
    ended = service.wait_for_end(disturbed)
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)
    assert ended["progress"]["epoch"] == service.epoch(undisturbed)
    epochs = service.get(f"/v1/experiments/{disturbed}/metrics")["epoch"]
    assert epochs == list(range(1, ended["progress"]["epoch"] + 1))
    assert service.fingerprints(disturbed) == service.fingerprints(undisturbed)
    wait_for(lambda: len(service.workers()) == len(killed), "the workers to be back")


def test_a_second_service_on_the_same_data_says_so(service: Service) -> None:
    data_dir = re.search(r"data +(\S+)", service.log)
    assert data_dir
    second = subprocess.run(
        [BINARIES / "trainyard", "serve"],
        env={"TRAINYARD_PORT": "0", "TRAINYARD_DATA_DIR": data_dir[1]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert second.stderr.startswith("trainyard: Another Trainyard is running on the data directory")
    assert second.stderr.count("\n") == 1
