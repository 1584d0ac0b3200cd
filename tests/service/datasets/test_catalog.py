"""The catalog is what the API knows of a data set; it must be true, and must come without NumPy."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from engine.spec import TASKS, Divide, Experiment, SplitRows, resolve
from service.datasets import catalog
from service.datasets.loading import read_arrays
from service.datasets.versions import dataset_version

EXPECTED_NAMES = (
    "digits",
    "mnist-mini",
    "iris",
    "wine",
    "breast_cancer",
    "diabetes",
    "moons",
    "spirals",
    "friedman1",
)
every_set = pytest.mark.parametrize("name", EXPECTED_NAMES)


def described(name: str) -> catalog.BuiltinDataset:
    """The entry of a set that must be there."""
    dataset = catalog.find(name)
    assert dataset is not None
    return dataset


def test_lists_every_set_in_the_order_of_the_manifest() -> None:
    assert catalog.names() == EXPECTED_NAMES


def test_finds_nothing_under_a_wrong_name() -> None:
    assert catalog.find("Digits") is None


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        described("iris").rows = 1  # type: ignore[misc]  # what is tested


@every_set
def test_the_manifest_counts_what_the_file_holds(name: str) -> None:
    dataset, arrays = described(name), read_arrays(described(name))
    assert arrays["x"].shape == (dataset.rows, dataset.features)
    assert arrays["y"].shape == (dataset.rows,)
    assert len(dataset.feature_names) == len(set(dataset.feature_names)) == dataset.features
    assert len(arrays.get("x_test", ())) == len(arrays.get("y_test", ())) == dataset.test_rows
    assert np.isfinite(arrays["x"].astype(float)).all()


@every_set
def test_the_manifest_names_and_counts_the_classes_of_the_file(name: str) -> None:
    dataset, target = described(name), read_arrays(described(name))["y"]
    if dataset.task == "regression":
        assert (dataset.classes, dataset.class_counts, target.dtype.kind) == (None, None, "f")
    else:
        assert dataset.classes is not None
        assert target.dtype.kind == "u"
        assert np.bincount(target).tolist() == list(dataset.class_counts or ())
        assert len(dataset.classes) == target.max() + 1
        assert (len(dataset.classes) == 2) == (dataset.task == "binary")


@every_set
def test_the_version_is_that_of_the_contents(name: str) -> None:
    dataset = described(name)
    assert dataset.version == dataset_version(
        read_arrays(dataset), task=dataset.task, target_name=dataset.target_name, scaling=dataset.scaling
    )


@every_set
def test_every_set_says_where_it_comes_from(name: str) -> None:
    dataset = described(name)
    assert all((dataset.title, dataset.description, dataset.source, dataset.license, dataset.citation))
    assert dataset.task in TASKS


@every_set
def test_a_default_experiment_resolves_on_every_set(name: str) -> None:
    facts = described(name).facts
    rows = resolve(Experiment(), facts).rows
    own_test_rows = facts.test_rows
    assert rows.train + rows.validation + (0 if own_test_rows else rows.test) == facts.rows


def test_mnist_mini_keeps_its_own_test_rows_and_its_scaling() -> None:
    facts = described("mnist-mini").facts
    assert (facts.rows, facts.test_rows, facts.features, facts.classes) == (1000, 2000, 784, 10)
    assert facts.scaling == Divide(divide_by=256)
    assert resolve(Experiment(), facts).rows == SplitRows(800, 200, 2000)


def test_the_catalog_needs_no_numpy() -> None:
    program = (
        "import sys\n"
        "from service.datasets import service\n"
        "assert all(dataset.facts.rows for dataset in service.list_datasets())\n"
        "print(sorted({'numpy', 'distributed', 'fastapi'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
