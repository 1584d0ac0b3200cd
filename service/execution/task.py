"""What Dask pickles by name: imported by the engine process, which has no need of NumPy, and by every worker."""

from __future__ import annotations

__all__ = ["train_dispatch"]


def train_dispatch(dispatch_id: str) -> None:
    """Train the experiments of a dispatch in this worker process until they end or are handed back."""
    from service.execution.worker_setup import process  # noqa: PLC0415 - see above

    process().train(dispatch_id)
