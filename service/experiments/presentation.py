"""Present an experiment's row to clients as ``ExperimentRead``."""

from __future__ import annotations

import functools
import json
from typing import Any

from engine.spec import Experiment, equivalents
from service.experiments.curve.metrics import is_regression, metric_names, of_epoch
from service.experiments.repository import Row
from service.experiments.service import Placed
from service.experiments.states import possible
from service.http.pagination import Page

__all__ = ["experiment_document", "list_document"]


def list_document(page: Page[Placed]) -> dict[str, Any]:
    """A page of experiments."""
    data = [experiment_document(item) for item in page.items]
    more = {"has_more": page.next is not None, "next": page.next}
    return {"object": "list", "data": data, **more, "total": page.total}


def experiment_document(placed: Placed) -> dict[str, Any]:
    """One experiment."""
    row = placed.row
    return {
        "id": row.id,
        "object": "experiment",
        "status": row.status,
        "why": placed.why,
        "stop_reason": row.stop_reason,
        "name": row.name,
        "metadata": row.metadata,
        "priority": row.priority,
        "time_limit_seconds": row.time_limit_seconds,
        "spec": {"dataset": row.dataset, **row.spec},
        "given_lambda": row.given_lambda,
        "dataset": _dataset(row),
        "parameters": row.parameters,
        "progress": _progress(row, placed.queue_position),
        "best": _epoch(row, row.best_epoch, row.best),
        "final": _epoch(row, row.last_epoch, row.final),
        "test": row.test,
        "units": _units(row),
        "argmin_epoch": row.argmin_epoch,
        "equivalents": row.equivalents or _older(json.dumps({**row.spec, "seed": 0}), row.rows_train),
        "warnings": row.warnings,
        "attempt": row.attempt,
        "engine_revision": row.engine_revision if row.attempt else None,
        "error": row.error,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "links": _links(row),
    }


def _dataset(row: Row) -> dict[str, Any]:
    rows = {"train": row.rows_train, "validation": row.rows_validation, "test": row.rows_test}
    return {"name": row.dataset, "version": row.dataset_version, "rows": rows, "classes": row.classes}


def _progress(row: Row, queue_position: int | None) -> dict[str, Any]:
    return {
        "epoch": row.last_epoch,
        "max_epochs": row.max_epochs,
        "eta_seconds": _seconds_left(row),
        "queue_position": queue_position,
    }


def _seconds_left(row: Row) -> float | None:
    if row.status != "running" or row.seconds is None:
        return None
    left: float = row.seconds / row.last_epoch * (row.max_epochs - row.last_epoch)
    if row.time_limit_seconds is not None:
        left = min(left, max(0.0, row.time_limit_seconds - row.seconds))
    return round(left, 3)


def _epoch(row: Row, epoch: int | None, stored: dict[str, Any] | None) -> dict[str, Any] | None:
    """An epoch's metrics without those that this kind of task does not have."""
    if stored is None:
        return None
    return {"epoch": epoch, **of_epoch(stored, metric_names(regression=is_regression(row.task, row.classes)))}


def _units(row: Row) -> dict[str, str] | None:
    """The units of a regression's metrics."""
    if not is_regression(row.task, row.classes):
        return None
    loss = "standardized" if row.spec["target_scaling"] == "standardize" else "target"
    return {"loss": loss, "mae": "target", "rmse": "target"}


@functools.lru_cache(maxsize=1024)
def _older(spec: str, train_rows: int) -> dict[str, dict[str, Any]]:
    """The equivalents of a row without them, cached by its spec: rebuilding takes longer than reading the row.

    They do not depend on the seed, so it is not part of the key.
    """
    return equivalents(Experiment.from_document(json.loads(spec)), train_rows)


def _links(row: Row) -> dict[str, str]:
    this = f"/v1/experiments/{row.id}"
    links = {part: f"{this}/{part}" for part in ("metrics", "events", "checkpoints")}
    actions = {action: this if action == "delete" else f"{this}/{action}" for action in possible(row.status)}
    return {"self": this, **links, **actions}
