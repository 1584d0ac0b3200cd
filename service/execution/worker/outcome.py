"""Convert the engine's reports to column values: pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import EngineError
from engine.training.loop import Result
from service.datasets.disk_space import FULL
from service.datasets.loading import DatasetMismatchError
from service.errors import Damaged
from service.execution.ledger.curves import without_non_finite
from service.execution.worker.work import Ending

__all__ = ["finite", "from_error", "from_result", "without_epochs"]


def finite(values: Mapping[str, float | None]) -> dict[str, Any]:
    """The values with None for each that is NaN or infinite; ``non_finite`` names those, where there are any."""
    kept, bad = without_non_finite(values)
    return {**kept, "non_finite": bad} if bad else kept


def from_result(result: Result, warnings: list[Any]) -> Ending:
    """The end of an experiment that the engine trained to its end; ``warnings`` are the earlier ones."""
    found = [shown for each in result.warnings if (shown := each.document()) not in warnings]
    return Ending(
        status={"non_finite": "failed", "user": "cancelled"}.get(result.stop_reason, "succeeded"),
        stop_reason=result.stop_reason,
        argmin_epoch=result.argmin_epoch,
        test=None if result.test is None else finite(result.test),
        warnings=[*warnings, *found],
        found=found,
        error=_diverged(result) if result.stop_reason == "non_finite" else None,
    )


def _diverged(result: Result) -> dict[str, Any]:
    kept = "" if result.best_epoch is None else f" The weights of epoch {result.best_epoch} were kept."
    message = (
        f"Training diverged in epoch {result.epochs}: a loss or weight was not finite. A smaller learning "
        f"rate often helps.{kept}"
    )
    return {"code": "non_finite", "message": message}


def without_epochs(reason: str) -> Ending:
    """The end of an experiment before its first epoch was complete."""
    if reason != "time_limit":
        return Ending(status="cancelled", stop_reason=reason)
    message = (
        "The time limit ran out before the first epoch ended, so there are no weights. POST "
        "/v1/experiments/validate estimates the seconds per epoch; larger batches make epochs shorter."
    )
    return Ending(status="failed", stop_reason=reason, error={"code": reason, "message": message})


def from_error(error: Exception) -> Ending:
    """The end of an experiment that could not be trained."""
    if isinstance(error, (EngineError, DatasetMismatchError, Damaged)):
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
        message = str(error)
    elif isinstance(error, MemoryError):
        code, message = "out_of_memory", "The experiment needs more memory than its worker has."
    elif isinstance(error, OSError) and error.errno in FULL:
        code, message = (
            "disk_full",
            "The data set does not fit on the worker's disk; free some disk space there.",
        )
    else:
        code = "internal_error"
        message = f"Training failed unexpectedly ({type(error).__name__}: {error}). See the engine's log."
    return Ending(status="failed", stop_reason="error", error={"code": code, "message": message})
