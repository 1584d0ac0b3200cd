"""Size limits of new experiments."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import estimate
from service.access.caller import Limits
from service.experiments.submission import Submission

__all__ = ["refuse_too_large", "stored_bytes"]

# Upper bounds of a checkpoint's header, which holds the scaling and the columns. tests/service/execution compares them
# with the checkpoints of real runs.
_HEADER_BYTES = 2_048
_BYTES_PER_FEATURE = 128
_BYTES_PER_OUTPUT = 64
_BYTES_PER_LAYER = 1_024


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
    """Raise InvalidSpec where one experiment alone is more than its owner may have trained."""
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
