"""Baking the built-in sets again must give what the repository holds."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from service.datasets.loading import read_arrays
from service.datasets.service import describe

ROOT = Path(__file__).resolve().parents[3]
GENERATED = ("moons", "spirals", "friedman1")
SHIPPED = ("digits", "iris", "wine", "breast_cancer", "diabetes")


def bake(folder: Path, *arguments: str) -> None:
    """Run the script into the folder, with this interpreter."""
    command = [sys.executable, "-m", "scripts.bake_datasets", "--output", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)


def versions(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The versions in the folder's manifest, which must list the names in the order of the cards."""
    entries = json.loads((folder / "manifest.json").read_text("utf-8"))["datasets"]
    assert sorted(entry["name"] for entry in entries) == sorted(names)
    return {entry["name"]: entry["version"] for entry in entries}


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in the folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_generated_sets_come_out_the_same_twice_and_as_they_are_stored(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    bake(first, "--sets", *GENERATED)
    bake(second, "--sets", *reversed(GENERATED))
    assert file_hashes(first) == file_hashes(second)
    assert versions(first, GENERATED) == {name: describe(name).version for name in GENERATED}


def test_one_set_can_be_baked_anew_without_touching_the_others(tmp_path: Path) -> None:
    bake(tmp_path, "--sets", "moons", "spirals")
    before = file_hashes(tmp_path)
    bake(tmp_path, "--sets", "spirals")
    assert file_hashes(tmp_path) == before


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_shipped_sets_come_out_as_they_are_stored(tmp_path: Path) -> None:
    bake(tmp_path, "--sets", *SHIPPED)
    assert versions(tmp_path, SHIPPED) == {name: describe(name).version for name in SHIPPED}


@pytest.mark.slow
@pytest.mark.skipif("MNIST" not in os.environ, reason="MNIST does not name the npz file of the whole set")
def test_mnist_mini_is_the_beginning_of_mnist(tmp_path: Path) -> None:
    arrays = read_arrays(describe("mnist-mini"))
    with np.load(os.environ["MNIST"]) as mnist:
        assert np.array_equal(arrays["x"].reshape(-1, 28, 28), mnist["x_train"][:1000])
        assert np.array_equal(arrays["y"], mnist["y_train"][:1000])
        assert np.array_equal(arrays["x_test"].reshape(-1, 28, 28), mnist["x_test"][:2000])
        assert np.array_equal(arrays["y_test"], mnist["y_test"][:2000])
    bake(tmp_path, "--sets", "mnist-mini", "--mnist", os.environ["MNIST"])
    assert versions(tmp_path, ("mnist-mini",)) == {"mnist-mini": describe("mnist-mini").version}
