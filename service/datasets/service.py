"""What the rest of the service asks about data sets."""

from __future__ import annotations

import difflib

from service.datasets import catalog
from service.datasets.catalog import BuiltinDataset

__all__ = ["UnknownDatasetError", "describe", "list_datasets"]


class UnknownDatasetError(LookupError):
    """No data set has this name; ``candidates`` are the closest that exist, the closest first."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        self.name = name
        self.candidates = candidates
        hint = f' Did you mean "{candidates[0]}"?' if candidates else ""
        known = ", ".join(catalog.names())
        super().__init__(f"There is no data set of this name; the built-in ones are {known}.{hint}")


def list_datasets() -> tuple[BuiltinDataset, ...]:
    """Every data set there is, in the order of the catalog."""
    return tuple(describe(name) for name in catalog.names())


def describe(name: str) -> BuiltinDataset:
    """The data set of this name; raises UnknownDatasetError where there is none."""
    dataset = catalog.find(name)
    if dataset is None:
        raise UnknownDatasetError(name, _close_to(name))
    return dataset


def _close_to(name: str) -> tuple[str, ...]:
    """Built-in names that look like this one, whatever its case, spaces and dashes."""
    return tuple(difflib.get_close_matches(_plain(name), catalog.names(), n=3, cutoff=0.6))


def _plain(name: str) -> str:
    # Only the beginning is compared: the names are short, and comparing takes time quadratic in the length.
    return name[:64].lower().replace(" ", "_")
