"""Uploaded data sets as arrays: fetched once per machine, kept as files, and mapped into every process.

Imports NumPy: only workers and tests import this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from engine.data import Column, Dataset
from engine.kernels import Array
from service.datasets import loading, repository
from service.datasets.cache_folder import CacheFolder, Marks
from service.datasets.disk_space import FULL
from service.datasets.facts import scaling_of
from service.datasets.identifiers import is_identifier
from service.datasets.loading import DatasetMismatchError
from service.storage.database import Database

__all__ = ["DatasetCache"]

_TRIES = 3


class DatasetCache:
    """Data sets of every kind, by name and version; those that were uploaded as files below ``folder``."""

    def __init__(self, database: Database, folder: Path, limit_bytes: int) -> None:
        self._database, self._files = database, CacheFolder(folder, limit_bytes)
        # One alone: mapped files occupy disk space even after they are deleted.
        self._kept: tuple[str, Dataset] | None = None
        self._marks: Marks = ()

    def load(self, name: str, version: str) -> Dataset:
        """The data set an experiment was made for.

        Raises DatasetMismatchError if it is gone or another one, and OSError if there is no room for its files.
        """
        if not is_identifier(name):
            return loading.load(name, version)
        # Files that were dropped are still mapped, and nothing can write to them any more.
        marks = self._files.marks(version)
        if self._kept is None or self._kept[0] != version or (marks and marks != self._marks):
            self._kept = None
            self._kept = version, self._read(version)
        return self._kept[1]

    def _read(self, version: str) -> Dataset:
        with self._database.reading() as session:
            facts = repository.find_facts(session, version)
            if facts is None:
                message = (
                    f"The experiment needs version {version[:12]} of an uploaded data set, which was deleted."
                )
                raise DatasetMismatchError(message)
            return _dataset(facts, self._arrays(session, version))

    def _arrays(self, session: Session, version: str) -> dict[str, Array]:
        """The arrays of a version, fetched where they are not there yet or were dropped this moment."""
        full: OSError | None = None
        for _ in range(_TRIES):
            marks = self._files.marks(version)
            if (arrays := self._files.find(version)) is not None:
                self._marks = marks
                return arrays
            try:
                self._fetch(session, version)
            except OSError as error:
                if error.errno not in FULL or full is not None:
                    raise
                # A mapped file exists until this process unmaps it.
                full = error
                self._kept = None
        message = f"Version {version[:12]} of the data set is unavailable; it may have just been deleted."
        raise DatasetMismatchError(message)

    def _fetch(self, session: Session, version: str) -> None:
        names = repository.arrays(session, version)
        if not names:
            return
        pieces = ((name, repository.array_pieces(session, version, name)) for name in names)
        self._files.add(version, pieces, lambda versions: repository.find_versions(session, versions))


def _dataset(facts: Mapping[str, Any], arrays: dict[str, Array]) -> Dataset:
    if facts.get("group_sizes") is None:
        # Groups were numbered in another way before there were splits by them.
        arrays.pop("groups", None)
    columns = [_column(column) for column in facts["columns"]]
    plain = all(column == Column() for column in columns)
    classes = facts["classes"]
    return Dataset(
        **arrays,
        task=facts["task"],
        classes=None if classes is None else len(classes),
        scaling=scaling_of(facts["scaling"]),
        columns=None if plain else columns,
        order_name=facts.get("order") or "order",
        names=[column["name"] for column in facts["columns"]],
    )


def _column(document: Mapping[str, Any]) -> Column:
    is_category = document["kind"] == "category"
    return Column(levels=len(document["levels"]) if is_category else 0, missing=document["missing"])
