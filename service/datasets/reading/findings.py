"""Findings to review before training: duplicate rows, uninformative columns, and leaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.data.copies import TRAINING_SHARE, chance_share, row_hashes
from engine.kernels import Array
from service.datasets.reading.leaks import FEWEST_ROWS, determines
from service.datasets.reading.naming import counts_rows, identical, names_entity, names_index, names_rows
from service.datasets.reading.results import ColumnFound, Parsed

__all__ = ["find"]

_PARTS = {"train": "", "validation": "_validation", "test": "_test"}
_MOST_NAMED = 100
_MOST_TARGETS = 20
_MANY_NAMES = 10
_SEVERAL_NAMES = 5
_BLOCK = 4_096


def find(parsed: Parsed) -> dict[str, Any]:
    """Balance of the classes, duplicates, and columns that say nothing or too much, as JSON."""
    x, y = parsed.arrays["x"], parsed.arrays["y"]
    names = [column.name for column in parsed.columns]
    constant = _are_constant(x)
    found: dict[str, Any] = {
        "class_balance": _balance(parsed),
        "duplicates": _duplicates(parsed),
        "constant_columns": [names[place] for place in np.flatnonzero(constant)[:_MOST_NAMED]],
        "row_numbers": [],
        "identifiers": [],
        "identical_columns": [],
        "suspected_leaks": [],
    }
    # A single pixel never says the whole target, and what is the only column is no mere number of the row.
    if parsed.image_shape is not None:
        return found
    varying = [
        (column, values)
        for column, values, same in zip(parsed.columns, x.T, constant, strict=True)
        if not same
    ]
    numbers = [(column.name, values) for column, values in varying if column.kind == "number"]
    if len(names) > 1:
        counting = [name for name, values in numbers if len(values) >= FEWEST_ROWS and counts_rows(values)]
        found["row_numbers"] = counting[:_MOST_NAMED]
        found["identifiers"] = [
            column.name
            for column, values in varying
            if column.name not in counting and _identifies(column, values)
        ][:_MOST_NAMED]
        found["identical_columns"] = _identical(varying)[:_MOST_NAMED]
        targets = y.reshape(len(y), -1).T[:_MOST_TARGETS]
        task = parsed.task
        found["suspected_leaks"] = [
            column.name
            for column, values in varying
            if any(_tells(column, values, target, task) for target in targets)
        ][:_MOST_NAMED]
    return found


def _tells(column: ColumnFound, values: Array, target: Array, task: str) -> bool:
    """Whether a column determines a target, be it by having a value or none."""
    if determines(values, target, task, ordered=column.kind == "number"):
        return True
    gone = np.isnan(values) if task != "regression" and values.dtype.kind == "f" else None
    return gone is not None and bool(gone.any()) and determines(gone, target, task, ordered=False)


def _identifies(column: ColumnFound, values: Array) -> bool:
    """Whether a column names rows, or what they belong to, by its name and its values."""
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    distinct = len(np.unique(known))
    if column.kind == "category":
        rare = distinct >= _MANY_NAMES and distinct * 2 > len(known)
        return rare or (distinct >= _MANY_NAMES and names_entity(column.name))
    if column.kind == "boolean" or not (np.rint(known) == known).all():
        return False
    named = names_index(column.name) or (names_entity(column.name) and distinct >= _SEVERAL_NAMES)
    return named or names_rows(known)


def _identical(columns: list[tuple[ColumnFound, Array]]) -> list[list[str]]:
    """Pairs of a column and an earlier one that says the same; categories may have other words for it."""
    plain = [(column.name, values) for column, values in columns if column.kind == "number"]
    coded = [(column.name, _by_appearance(values)) for column, values in columns if column.kind != "number"]
    return [list(pair) for pair in (*identical(plain), *identical(coded))]


def _by_appearance(values: Array) -> Array:
    """(N,) the values numbered in the order in which they first appear."""
    _, first, codes = np.unique(values, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[codes]


def _balance(parsed: Parsed) -> dict[str, dict[str, int]] | None:
    """Rows of each class, or with each label, in each part; None for regression."""
    if parsed.task == "regression":
        return None
    found = {}
    for part, suffix in _PARTS.items():
        y = parsed.arrays.get(f"y{suffix}")
        if y is not None and parsed.classes is not None:
            counts = np.bincount(y, minlength=len(parsed.classes)).tolist()
            found[part] = dict(zip(parsed.classes, counts, strict=True))
        elif y is not None:
            counts = y.reshape(len(y), -1).sum(axis=0, dtype=np.int64).tolist()
            found[part] = dict(zip(parsed.target_names, counts, strict=True))
    return found


def _duplicates(parsed: Parsed) -> dict[str, int | float]:
    """Number of rows with the features of an earlier one of their split, or of a row of another split.

    ``expected_share`` is the share of the rows outside training that have a copy in it, on average over splits of 60 %
    of these rows for training; ``chance_share`` what it would be if the columns were independent of each other, so that
    rows agree by chance.
    """
    hashes = row_hashes(
        {
            part: parsed.arrays[f"x{suffix}"]
            for part, suffix in _PARTS.items()
            if f"x{suffix}" in parsed.arrays
        }
    )
    found: dict[str, int | float] = {
        "expected_share": _expected_share(hashes["train"]),
        "chance_share": chance_share(parsed.arrays["x"], hashes["train"]),
    }
    found |= {f"within_{part}": len(values) - len(np.unique(values)) for part, values in hashes.items()}
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if first in hashes and second in hashes:
            found[f"{second}_in_{first}"] = int(np.isin(hashes[second], hashes[first]).sum())
    return found


def _expected_share(hashes: Array) -> float:
    """The share of rows outside training that have a copy in it."""
    sizes = np.unique(hashes, return_counts=True)[1]
    return round(float((sizes * (1 - (1 - TRAINING_SHARE) ** (sizes - 1.0))).sum() / len(hashes)), 6)


def _are_constant(x: Array) -> Array:
    """(C,) whether all values of a column are the same, or all are missing."""
    first, constant = x[0], np.ones(x.shape[1], bool)
    for start in range(0, len(x), _BLOCK):
        block = x[start : start + _BLOCK]
        same = block == first
        if x.dtype.kind == "f":
            same |= np.isnan(block) & np.isnan(first)
        constant &= same.all(axis=0)
    return constant
