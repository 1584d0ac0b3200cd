"""Workers load arrays by name and version; they must never train on other data than the experiment names."""

import dataclasses

import numpy as np
import pytest

from engine.spec import Split
from service.datasets import catalog
from service.datasets.loading import DatasetMismatchError, load, read_arrays
from service.datasets.service import describe


@pytest.mark.parametrize("name", catalog.names())
def test_every_set_loads_as_it_is_described(name: str) -> None:
    described = describe(name)
    assert load(name, described.version).facts_for(Split(keep_duplicates_together=True)) == described.facts


def test_a_set_is_read_once_per_process() -> None:
    version = describe("iris").version
    assert load("iris", version) is load("iris", version)


def test_bytes_stay_bytes() -> None:
    assert read_arrays(describe("digits"))["x"].dtype == np.uint8
    assert read_arrays(describe("mnist-mini"))["x_test"].dtype == np.uint8


def test_arrays_cannot_be_written_to() -> None:
    dataset = load("wine", describe("wine").version)
    with pytest.raises(ValueError, match="read-only"):
        dataset.x[0, 0] = 0


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("iris", "0" * 64, r"needs data set iris in version 000000000000, but it is now [0-9a-f]{12}\."),
        ("gone", "0" * 64, r"needs data set gone in version 000000000000, but it does not exist\."),
        ("iris", describe("wine").version, "but it is now"),
    ],
)
def test_another_version_is_refused(name: str, version: str, message: str) -> None:
    with pytest.raises(DatasetMismatchError, match=message):
        load(name, version)


def test_a_damaged_file_is_refused() -> None:
    promised = dataclasses.replace(describe("iris"), sha256="0" * 64)
    with pytest.raises(DatasetMismatchError, match="data set iris is damaged"):
        read_arrays(promised)
