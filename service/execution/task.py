"""Names shared by Dask's processes: imported by the engine process, without NumPy, and by workers."""

from __future__ import annotations

__all__ = ["BEATS", "KILLED_FOR_MEMORY", "train_dispatch"]

BEATS = "TRAINYARD_BEATS"
"""Environment variable with the pipe on which a worker sends heartbeats to its nanny."""

KILLED_FOR_MEMORY = "trainyard-killed-for-memory"
"""Topic on which a nanny announces that it is about to kill a worker for its memory use."""


def train_dispatch(dispatch_id: str) -> None:
    """Train the experiments of a dispatch in this worker process until they end or are handed back."""
    from service.execution.worker.setup import process  # noqa: PLC0415 - see above

    process().train(dispatch_id)
