"""Metrics of a curve by task, and thinning that keeps extremes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.errors import did_you_mean
from engine.spec import METRICS as MEASURED
from service.errors import InvalidParameter

__all__ = [
    "METRICS",
    "Curve",
    "as_csv",
    "as_json",
    "is_regression",
    "metric_names",
    "of_epoch",
    "select_names",
    "spread",
]

Curve = Mapping[str, Sequence[object]]
"""Columns of equal length; the first is ``epoch``."""

METRICS = (*MEASURED, "seconds")
_PIECE = 2000


def is_regression(task: str | None, classes: object) -> bool:
    """Whether an experiment of this task and these classes is a regression.

    Older processes, which may still be running, store no task.
    """
    return classes is None if task is None else task == "regression"


def metric_names(*, regression: bool) -> tuple[str, ...]:
    """The metrics a classification or a regression has."""
    task = "regression" if regression else "multiclass"
    return tuple(name for name in METRICS if name not in MEASURED or task in MEASURED[name].tasks)


def of_epoch(stored: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The stored metrics of an epoch that a document shows, and which of them were not finite."""
    return {name: stored[name] for name in (*names, "non_finite") if name in stored and name != "seconds"}


def select_names(names: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """The available metrics named by comma-separated lists, all without a list; raises InvalidParameter."""
    if not names:
        return tuple(available)
    each = (name.strip() for name in ",".join(names).split(","))
    wanted = dict.fromkeys(name for name in each if name != "epoch")
    for name in wanted:
        if name not in available:
            hint = did_you_mean(name[:80], available)
            message = (
                f'"{name[:40]}" is not a metric of this experiment; allowed: {", ".join(available)}.{hint}'
            )
            raise InvalidParameter("names", "choice", message)
    return tuple(wanted)


def spread(count: int, extremes: Iterable[int], most: int) -> list[int]:
    """At most that many positions on a curve of ``count`` points: ends, extremes, the rest spread evenly.

    Where even the ends and extremes are too many, those named first stay.
    """
    chosen = dict.fromkeys([0, count - 1, *extremes])
    kept = list(chosen)[:most]
    free = [place for place in range(count) if place not in chosen]
    missing = min(most, count) - len(kept)
    kept += [free[index * len(free) // missing] for index in range(missing)]
    return sorted(kept)


def as_json(curve: Curve) -> Iterator[str]:
    """The curve as a JSON object of columns, in pieces, so that other threads have their turn in between."""
    for place, (name, column) in enumerate(curve.items()):
        yield f'{"," if place else "{"}"{name}":['
        for start in range(0, len(column), _PIECE):
            values = json.dumps(column[start : start + _PIECE], allow_nan=False, separators=(",", ":"))
            yield f"{',' if start else ''}{values[1:-1]}"
        yield "]"
    yield "}"


def as_csv(curve: Curve) -> Iterator[str]:
    """The curve as CSV (RFC 4180), one row per epoch, in pieces; what is null is left empty."""
    yield _csv_rows([tuple(curve)])
    for start in range(0, len(curve["epoch"]), _PIECE):
        columns = (map(_cell, column[start : start + _PIECE]) for column in curve.values())
        yield _csv_rows(zip(*columns, strict=True))


def _csv_rows(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A list of names becomes one cell; csv writes None as an empty one."""
    return json.dumps(value) if isinstance(value, list) else value
