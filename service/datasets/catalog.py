"""Built-in data sets as their manifest describes them, without arrays: all that the API needs."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.spec import DatasetFacts, Divide, Scaling, SpecWarning
from service.datasets.facts import copies_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.datasets.versions import ScalingDocument

__all__ = ["BuiltinDataset", "find", "names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinDataset:
    """One built-in data set.

    ``rows`` are the rows to split; ``validation_rows`` and ``test_rows`` are stored apart and come on top.
    ``classes`` names the classes in the order of their indices and ``class_counts`` counts them among
    ``rows``; both are None for regression. ``copies`` are the groups that copies of rows make. ``sha256`` is that of
    the npz file, ``version`` that of its contents (see ``dataset_version``): an experiment remembers the version.
    """

    name: str
    title: str
    description: str
    task: str
    rows: int
    validation_rows: int
    test_rows: int
    features: int
    feature_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...] | None
    class_counts: tuple[int, ...] | None
    copies: dict[str, Any]
    scaling: ScalingDocument
    source: str
    license: str
    citation: str
    sha256: str
    version: str

    @property
    def warnings(self) -> tuple[SpecWarning, ...]:
        """No warnings."""
        return ()

    @property
    def facts(self) -> DatasetFacts:
        """The facts that resolving a specification needs."""
        return DatasetFacts(
            task=self.task,
            rows=self.rows,
            features=self.features,
            classes=None if self.classes is None else len(self.classes),
            scaling=_scaling(self.scaling),
            validation_rows=self.validation_rows,
            test_rows=self.test_rows,
            order_columns=self.feature_names,
            copies=copies_of(self.copies),
        )

    @property
    def file(self) -> Traversable:
        """The npz file in the package: arrays ``x``, ``y`` and, where there are test rows, ``x_test``, ``y_test``."""
        return _folder() / f"{self.name}.npz"


def names() -> tuple[str, ...]:
    """The names of all built-in data sets, in the order in which they are listed."""
    return tuple(_manifest())


def find(name: str) -> BuiltinDataset | None:
    """The built-in data set of exactly this name, or None."""
    return _manifest().get(name)


def _folder() -> Traversable:
    return resources.files("service.datasets") / "builtin"


@functools.cache
def _manifest() -> Mapping[str, BuiltinDataset]:
    document = json.loads((_folder() / "manifest.json").read_text(encoding="utf-8"))
    return MappingProxyType({entry["name"]: _read(entry) for entry in document["datasets"]})


def _read(entry: dict[str, Any]) -> BuiltinDataset:
    """One entry of the manifest; JSON's lists become tuples, so that what is shared cannot be changed."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    return BuiltinDataset(**values)


def _scaling(document: ScalingDocument) -> Scaling:
    return document if isinstance(document, str) else Divide(divide_by=document["divide_by"])
