"""Uploaded data sets as arrays: fetched from the database once, kept as files, and mapped into every process.

Imports NumPy: only workers and tests import this module.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from engine.columns import Column
from engine.data import Dataset
from service.database import Database
from service.datasets import loading, repository
from service.datasets.facts import scaling_of
from service.datasets.identifiers import is_identifier
from service.datasets.loading import DatasetMismatchError

__all__ = ["DatasetCache"]

_KEPT_IN_MEMORY = 8


class DatasetCache:
    """Data sets of every kind, by name and version; those that were uploaded as files below ``folder``."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._stored = functools.lru_cache(maxsize=_KEPT_IN_MEMORY)(self._read)

    def load(self, name: str, version: str) -> Dataset:
        """The data set an experiment was made for; raises DatasetMismatchError where it is gone or another one."""
        return self._stored(version) if is_identifier(name) else loading.load(name, version)

    def _read(self, version: str) -> Dataset:
        with self._database.reading() as session:
            facts = repository.find_facts(session, version)
            if facts is None:
                message = (
                    f"The experiment needs an uploaded data set in version {version[:12]}, which was deleted."
                )
                raise DatasetMismatchError(message)
            place = self._folder / version
            if not place.is_dir():
                self._fetch(session, version, place)
        arrays: dict[str, Any] = {file.stem: np.load(file, mmap_mode="r") for file in place.glob("*.npy")}
        columns = [_column(column) for column in facts["columns"]]
        plain = all(column == Column() for column in columns)
        classes = facts["classes"]
        return Dataset(
            arrays.pop("x"),
            arrays.pop("y"),
            task=facts["task"],
            classes=None if classes is None else len(classes),
            scaling=scaling_of(facts["scaling"]),
            columns=None if plain else columns,
            **arrays,
        )

    def _fetch(self, session: Session, version: str, place: Path) -> None:
        """Write the version's files; of several processes that do so at the same time one is first."""
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=self._folder))
        try:
            for name in repository.arrays(session, version):
                with (unfinished / f"{name}.npy").open("wb") as file:
                    for piece in repository.array_pieces(session, version, name):
                        file.write(piece)
            with contextlib.suppress(OSError):
                unfinished.rename(place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _column(document: Mapping[str, Any]) -> Column:
    is_category = document["kind"] == "category"
    return Column(levels=len(document["levels"]) if is_category else 0, missing=document["missing"])
