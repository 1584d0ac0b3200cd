"""Load built-in data sets as arrays."""

from __future__ import annotations

import functools
import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np

from engine.data import Dataset
from service.datasets import catalog

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from service.datasets.catalog import BuiltinDataset

__all__ = ["DatasetMismatchError", "load", "read_arrays"]


class DatasetMismatchError(Exception):
    """The data that an experiment was made for is not what this installation holds; the message says why."""


@functools.cache
def load(name: str, version: str) -> Dataset:
    """The named set, provided it is still of this version; kept in memory for the experiments that follow.

    Arrays come as stored (bytes stay bytes: the engine converts and scales) and cannot be written to.
    Raises DatasetMismatchError for an unknown name, another version, or a file that is not the manifest's.
    """
    dataset = catalog.find(name)
    if dataset is None or dataset.version != version:
        found = "does not exist" if dataset is None else f"is now {dataset.version[:12]}"
        message = f"The experiment needs data set {name} in version {version[:12]}, but it {found}."
        raise DatasetMismatchError(message)
    arrays, facts = read_arrays(dataset), dataset.facts
    return Dataset(
        arrays["x"],
        arrays["y"],
        task=facts.task,
        classes=facts.classes,
        scaling=facts.scaling,
        x_validation=arrays.get("x_validation"),
        y_validation=arrays.get("y_validation"),
        x_test=arrays.get("x_test"),
        y_test=arrays.get("y_test"),
        names=dataset.feature_names,
    )


def read_arrays(dataset: BuiltinDataset) -> dict[str, NDArray[np.generic]]:
    """The arrays of the set's file by name, read-only; raises DatasetMismatchError for a file with other bytes."""
    content = dataset.file.read_bytes()
    if hashlib.sha256(content).hexdigest() != dataset.sha256:
        message = f"The file of data set {dataset.name} is damaged: its SHA-256 differs from the manifest's."
        raise DatasetMismatchError(message)
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays
