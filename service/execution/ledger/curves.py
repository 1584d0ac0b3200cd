"""Store epochs in batches, since an epoch may take less time than an INSERT."""

from __future__ import annotations

import functools
import json
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.spec import METRICS
from engine.training import Metrics

__all__ = ["Epoch", "Measured", "document", "epoch_row", "insert_epochs", "without_non_finite"]

_COLUMNS = ("experiment_id", "epoch", "seconds", "non_finite", *METRICS)
_VALUES = operator.attrgetter(*METRICS)

Epoch = tuple[Any, ...]
"""Epoch number, seconds until its end, the JSON of ``non_finite``, and the metrics, in this order."""

Measured = tuple[int, float, Metrics]
"""Epoch number, seconds until its end, and the engine's metrics."""


def epoch_row(epoch: int, seconds: float, metrics: Metrics) -> Epoch:
    """The row of an epoch: None for metrics that are undefined or not finite, the latter named."""
    values = _VALUES(metrics)
    # Zeros and metrics that are None add nothing; a sum that is not finite may still be of finite numbers.
    if math.isfinite(sum(filter(None, values))):
        return (epoch, seconds, None, *values)
    kept, bad = without_non_finite(dict(zip(METRICS, values, strict=True)))
    return (epoch, seconds, json.dumps(bad) if bad else None, *kept.values())


def without_non_finite(values: Mapping[str, float | None]) -> tuple[dict[str, float | None], list[str]]:
    """Return the values with None for each that is NaN or infinite, and the names of those."""
    bad = [name for name, value in values.items() if value is not None and not math.isfinite(value)]
    return {**values, **dict.fromkeys(bad)}, bad


def document(row: Epoch) -> dict[str, Any]:
    """An epoch's metrics as JSON; ``non_finite`` is there only where it names some."""
    _, _, non_finite, *values = row
    found = dict(zip(METRICS, values, strict=True))
    return found if non_finite is None else {**found, "non_finite": json.loads(non_finite)}


def insert_epochs(session: Session, epochs: Sequence[tuple[str, Epoch]]) -> None:
    """Store epochs, each with its experiment's id, past SQLAlchemy, which takes longer for a row than SQLite."""
    if epochs:
        connection = session.connection()
        rows = [(id_, *epoch) for id_, epoch in epochs]
        connection.exec_driver_sql(_insert(connection.dialect.paramstyle), rows)


@functools.cache
def _insert(style: str) -> str:
    mark = "?" if style == "qmark" else "%s"
    marks = ", ".join([mark] * len(_COLUMNS))
    return f"INSERT INTO epochs ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - names of columns alone
