"""Size limits of new experiments."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import estimate
from service.access.caller import Limits
from service.experiments.submission import Submission
from service.health.presence import WorkerMemory

__all__ = ["IDLE_BYTES", "refuse_too_large", "refuse_what_fits_nowhere", "stored_bytes"]

# Upper bounds of a checkpoint's header, which holds the scaling and the columns. tests/service/execution compares them
# with the checkpoints of real runs.
_HEADER_BYTES = 2_048
_BYTES_PER_FEATURE = 128
_BYTES_PER_OUTPUT = 64
_BYTES_PER_LAYER = 1_024

IDLE_BYTES = 48 * 2**20
"""Memory of an idle worker, until the first one has reported its own."""


def stored_bytes(submission: Submission, *, begins_with_checkpoint: bool) -> int:
    """An upper bound of the bytes of an experiment's checkpoints: the best, the last, and the one it begins with."""
    resolved, facts = submission.resolved, submission.dataset.facts
    layers = resolved.experiment.architecture
    size = 8 if resolved.experiment.precision == "float64" else 4
    # With batch normalization folded in and again without, its running statistics included.
    parameters = resolved.parameters * (3 if any(each.batch_norm for each in layers) else 1)
    header = (
        _HEADER_BYTES
        + _BYTES_PER_FEATURE * facts.features
        + _BYTES_PER_OUTPUT * resolved.outputs
        + _BYTES_PER_LAYER * (len(layers) + 1)
    )
    return (3 if begins_with_checkpoint else 2) * (size * parameters + header)


def refuse_too_large(submission: Submission, limits: Limits) -> None:
    """Raise InvalidSpec if one experiment alone is more than its owner may have trained."""
    if problems := list(_too_large(submission, limits)):
        raise InvalidSpec(problems)


def _too_large(submission: Submission, limits: Limits) -> Iterator[SpecProblem]:
    resolved = submission.resolved
    epochs, most = resolved.experiment.max_epochs, limits.parameter_epochs
    if most is not None and resolved.parameters * epochs > most:
        message = (
            f"{resolved.parameters:,} parameters times {epochs:,} epochs exceed your limit of {most:,}; "
            f"use at most {most // resolved.parameters:,} epochs of this network, or a smaller one."
        )
        yield SpecProblem(("max_epochs",), "limit", message)
    longest, asked = limits.time_limit_seconds, submission.time_limit_seconds
    if longest is not None and asked is not None and asked > longest:
        message = f"Your limit for time_limit_seconds is {longest:,}."
        yield SpecProblem(("time_limit_seconds",), "limit", message)
    if limits.estimated_seconds is None and limits.memory_bytes is None:
        return
    found = estimate(resolved, submission.dataset.facts, asked)
    if limits.estimated_seconds is not None and found.seconds > limits.estimated_seconds:
        message = (
            f"The estimated training time of {found.seconds:,.0f} s exceeds your limit of "
            f"{limits.estimated_seconds:,} s. Use fewer epochs, units or rows (split.train_rows), or set "
            "time_limit_seconds."
        )
        yield SpecProblem(("max_epochs",), "limit", message)
    if limits.memory_bytes is not None and found.memory_bytes > limits.memory_bytes:
        message = (
            f"The estimated memory of {found.memory_bytes:,} bytes exceeds your limit of "
            f"{limits.memory_bytes:,} bytes. Use fewer units, a smaller batch_size or fewer rows "
            "(split.train_rows)."
        )
        yield SpecProblem(("architecture",), "limit", message)


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
