"""Refuse experiments that need more memory than a worker has."""

from __future__ import annotations

import dataclasses

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import estimate
from service.experiments.submission import Submission
from service.health.presence import WorkerMemory

__all__ = ["refuse_what_fits_nowhere"]

IDLE_BYTES = 48 * 2**20
"""Memory of an idle worker, until the first one has reported its own."""


def refuse_what_fits_nowhere(submission: Submission, memory: WorkerMemory) -> None:
    """Raise InvalidSpec where training takes more memory than the roomiest worker may use."""
    resolved = submission.resolved
    training = estimate(resolved, submission.dataset.facts).memory_bytes
    needed = training + (IDLE_BYTES if memory.idle_bytes is None else memory.idle_bytes)
    if memory.limit_bytes is None or needed <= memory.limit_bytes:
        return
    rows = sum(dataclasses.astuple(resolved.rows))
    item = 8 if resolved.experiment.precision == "float64" else 4
    prepared = item * rows * submission.dataset.facts.features
    by_rows = 2 * prepared > training
    change = "fewer rows" if by_rows else "fewer units, or smaller batches"
    message = (
        f"Training needs an estimated {_mebibytes(needed)} of memory, and a worker may use "
        f"{_mebibytes(memory.limit_bytes)}. Use {change}; the operator can raise TRAINYARD_WORKER_MEMORY_BYTES."
    )
    path = ("split", "train_rows") if by_rows else ("architecture",)
    raise InvalidSpec([SpecProblem(path, "memory_limit", message)])


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
