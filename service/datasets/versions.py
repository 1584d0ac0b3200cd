"""Version of a data set: one hash over everything that affects training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Protocol

__all__ = ["ScalingDocument", "StoredArray", "dataset_version"]

ScalingDocument = str | dict[str, float]
"""Scaling in its JSON form: ``"standardize"``, ``"none"`` or ``{"divide_by": 256}``."""


class StoredArray(Protocol):
    """The little of a NumPy array that a hash needs, so that hashing itself needs no NumPy."""

    @property
    def dtype(self) -> object:
        """Type of the elements; its text names it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""

    def tobytes(self) -> bytes:
        """The elements in row-major order."""


def dataset_version(
    arrays: Mapping[str, StoredArray],
    *,
    task: str,
    target_name: str,
    scaling: ScalingDocument,
    columns: Sequence[Mapping[str, object]] = (),
) -> str:
    """SHA-256 (64 hex digits) over every array's name, type, shape and bytes, the target, the scaling, and the columns.

    The title, the class names and the way the arrays are packed into a file leave the version as it is.
    """
    names = sorted(arrays)
    header: dict[str, object] = {
        "arrays": [[name, str(arrays[name].dtype), list(arrays[name].shape)] for name in names],
        "scaling": scaling,
        "target_name": target_name,
        "task": task,
    }
    if columns:
        header["columns"] = list(columns)
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in names:
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
