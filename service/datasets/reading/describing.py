"""Summary statistics of every column and a preview of the first rows, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from engine.kernels import Array
from service.datasets.reading.results import ColumnFound, Parsed

__all__ = ["preview", "summarize", "summary_of"]

_BINS = 10
_BLOCK = 1 << 18
_MOST_SUMMARIES = 1_000
_PREVIEW_ROWS = 10
_PREVIEW_COLUMNS = 50


def summarize(parsed: Parsed) -> tuple[dict[str, Any], ...]:
    """A summary of each column of the rows to train on, the targets last; pictures have one for all their pixels."""
    x, y = parsed.arrays["x"], parsed.arrays["y"]
    if parsed.image_shape is not None:
        found = [{"name": "pixels", "role": "feature", "kind": "number", **_numbers(x.ravel())}]
    else:
        found = [
            {"name": column.name, "role": "feature", "kind": column.kind, **summary_of(values, column)}
            for values, column in zip(x.T, parsed.columns[:_MOST_SUMMARIES], strict=False)
        ]
    target = ColumnFound("", "category", parsed.classes) if parsed.classes else ColumnFound("")
    kind = "category" if parsed.classes else "number"
    found += [
        {"name": name, "role": "target", "kind": kind, **summary_of(values, target)}
        for name, values in zip(parsed.target_names, y.reshape(len(y), -1).T, strict=True)
    ]
    return tuple(found)


def summary_of(values: Array, column: ColumnFound) -> dict[str, Any]:
    """Missing and distinct values of (N,) values; range and histogram of numbers, counts of others."""
    if not column.levels:
        return _numbers(values)
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    counts = np.bincount(known.astype(np.intp), minlength=len(column.levels))
    return {
        "missing": len(values) - len(known),
        "distinct": int(np.count_nonzero(counts)),
        "counts": dict(zip(column.levels, counts.tolist(), strict=True)),
    }


def _numbers(values: Array) -> dict[str, Any]:
    if values.dtype == np.uint8:
        return _bytes(values)
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    summary: dict[str, Any] = {"missing": len(values) - len(known), "distinct": len(np.unique(known))}
    if not len(known):
        return {**summary, "min": None, "mean": None, "max": None, "histogram": None}
    low, high = known.min().item(), known.max().item()
    histogram = _histogram(known.astype(np.float64), np.ones(len(known), np.intp), low, high)
    return {**summary, "min": low, "mean": _mean(known), "max": high, "histogram": histogram}


def _bytes(values: Array) -> dict[str, Any]:
    """The same of bytes, of which there are only 256: counted a block at a time, for pictures have many."""
    counts = np.zeros(256, np.intp)
    for start in range(0, len(values), _BLOCK):
        counts += np.bincount(values[start : start + _BLOCK], minlength=256)
    found = np.flatnonzero(counts)
    low, high = int(found[0]), int(found[-1])
    return {
        "missing": 0,
        "distinct": len(found),
        "min": low,
        "mean": float(counts @ np.arange(256.0)) / len(values),
        "max": high,
        "histogram": _histogram(found.astype(np.float64), counts[found], low, high),
    }


def _mean(values: Array) -> float:
    with np.errstate(over="ignore"):
        mean = float(values.mean(dtype=np.float64))
    # Divided first, to keep sums of large numbers from overflowing.
    return mean if np.isfinite(mean) else float((values / len(values)).sum())


def _histogram(values: Array, counts: Array, low: float, high: float) -> dict[str, list[Any]] | None:
    """Counts of ten bins of one width, or of the one value there is; None if the range is no finite number."""
    width = float(high) - float(low)
    if not isfinite(width):
        return None
    if not width:
        return {"edges": [low, high], "counts": [int(counts.sum())]}
    places = np.minimum((values - low) / width * _BINS, _BINS - 1).astype(np.intp)
    edges = [low, *(low + width * (place / _BINS) for place in range(1, _BINS)), high]
    return {"edges": edges, "counts": np.bincount(places, counts, _BINS).astype(int).tolist()}


def preview(parsed: Parsed) -> tuple[dict[str, Any], ...]:
    """The first rows to train on, by column: names of categories and classes, null where a value is missing."""
    x, y = parsed.arrays["x"][:_PREVIEW_ROWS], parsed.arrays["y"][:_PREVIEW_ROWS]
    y = y.reshape(len(y), -1)
    classes = ColumnFound("", "category", parsed.classes) if parsed.classes else ColumnFound("")
    columns = parsed.columns[:_PREVIEW_COLUMNS]
    return tuple(
        _named(columns, row) | _named([classes] * len(targets), targets, parsed.target_names)
        for row, targets in zip(x, y, strict=True)
    )


def _named(columns: Sequence[ColumnFound], row: Array, names: Sequence[str] | None = None) -> dict[str, Any]:
    names = [column.name for column in columns] if names is None else names
    return {
        name: _understood(value.item(), column)
        for name, column, value in zip(names, columns, row, strict=False)
    }


def _understood(value: Any, column: ColumnFound) -> Any:
    if value != value:  # noqa: PLR0124 - NaN differs from itself
        return None
    return column.levels[int(value)] if column.levels else value
