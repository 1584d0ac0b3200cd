"""A data set of one's own, from curl to a trained network, whatever dies in between."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.end_to_end.harness import Service, wait_for

SMALL = {"architecture": [8], "max_epochs": 20, "seed": 3}


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("uploads") / "data", workers=1)
    yield service
    service.stop()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return an Excel-like export: semicolons, decimal commas, a byte order mark, gaps and categories."""
    random = np.random.default_rng(1)
    lines = ["Länge;Breite;Farbe;Art"]
    for row in range(120):
        length, width = random.normal(5, 1), random.normal(3, 1)
        color = ("rot", "grün", "blau")[row % 3]
        gap = "" if row % 10 == 0 else f"{width:.3f}".replace(".", ",")
        lines.append(
            f"{length:.3f};{gap};{color};{'ja' if length + (row % 3) > 6 else 'nein'}".replace(".", ",")
        )
    file = tmp_path / "Blumen.csv"
    file.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    return file


def curl(*words: str | Path) -> Any:
    """Return the JSON that curl prints."""
    found = subprocess.run(
        ["curl", "--silent", "--show-error", *words], capture_output=True, text=True, check=True
    )
    return json.loads(found.stdout)


def ready(service: Service, identifier: str) -> Any:
    """Return the data set once it has been read."""
    path = f"/v1/datasets/{identifier}"
    wait_for(lambda: service.get(path)["finished_at"] is not None, "the data set to be read")
    return service.get(path)


def readers(service: Service) -> list[int]:
    return [
        pid
        for pid, words in service.processes().items()
        if "service.execution.upkeep.reading_process" in words
    ]


def test_from_a_spreadsheet_to_a_network(own_service: Service, table: Path) -> None:
    made = curl(f"{own_service.address}/v1/datasets", "-F", f"file=@{table}", "-F", "target=Art")
    found = ready(own_service, made["id"])
    assert (found["status"], found["name"], found["classes"]) == ("ready", "Blumen.csv", ["ja", "nein"])
    assert (found["options"]["delimiter"], found["options"]["decimal"]) == (";", ",")
    identifier = own_service.submit(dataset=made["id"], **SMALL)
    trained = own_service.wait_for_end(identifier)
    assert trained["status"] == "succeeded", trained["error"]
    assert trained["best"]["val_accuracy"] > 0.6
    again = own_service.wait_for_end(own_service.submit(dataset=made["id"], **SMALL))
    assert own_service.fingerprints(again["id"]) == own_service.fingerprints(identifier)


def test_images_go_without_a_form(own_service: Service, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 90).astype(np.uint8)
    images = (random.integers(0, 60, (90, 6, 6)) + 60 * labels[:, None, None]).astype(np.uint8)
    file = tmp_path / "images.npz"
    np.savez(file, x_train=images[:70], y_train=labels[:70], x_test=images[70:], y_test=labels[70:])
    announced = own_service.call("POST", "/v1/datasets/announcements", {"name": "images"})
    sent = curl("-T", file, own_service.address + announced["links"]["content"])
    assert sent["status"] == "validating"
    found = ready(own_service, announced["id"])
    assert (found["status"], found["image_shape"], found["rows"], found["test_rows"]) == (
        "ready",
        [6, 6],
        70,
        20,
    )
    trained = own_service.wait_for_end(
        own_service.submit(dataset=announced["id"], **SMALL | {"max_epochs": 300})
    )
    assert trained["dataset"]["rows"]["test"] == 20
    assert trained["test"]["accuracy"] > 0.8


def test_a_killed_reader_is_no_loss(own_service: Service, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    row = ",".join(f"{place}.5" for place in range(40))
    file.write_text(
        "\n".join(
            [
                ",".join([*(f"c{place}" for place in range(40)), "y"]),
                *(f"{row},{n % 2}" for n in range(40_000)),
            ]
        )
    )
    made = curl(f"{own_service.address}/v1/datasets", "-F", f"file=@{file}", "-F", "target=y")
    wait_for(lambda: readers(own_service), "a reader")
    for pid in readers(own_service):
        os.kill(pid, signal.SIGKILL)
    found = ready(own_service, made["id"])
    assert (found["status"], found["rows"]) == ("ready", 40_000)
    wait_for(lambda: not readers(own_service), "the reader to end")
    data = Path(own_service.environment["TRAINYARD_DATA_DIR"])
    assert not [each for each in (data / "intake").rglob("*") if each.is_file()]
