"""Services for the tests: one for all that leave it whole, and what a test needs of its own."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import Service

# Some seconds of training, in thousands of epochs that differ from each other.
LONG_RUN = {
    "dataset": "digits",
    "architecture": [{"units": 32, "dropout": 0.1}],
    "optimizer": {"name": "adam"},
    "batch_size": 32,
    "max_epochs": 600,
    "patience": 500,
    "seed": 7,
}
ENDLESS_RUN = {**LONG_RUN, "max_epochs": 100_000, "patience": None}


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "temporary").mkdir()
    service = Service(folder / "data", TMPDIR=str(folder / "temporary"))
    yield service
    service.stop()
    assert "Traceback" not in service.log
