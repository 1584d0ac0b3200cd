"""How a checkpoint's row is shown to clients: the content of ``CheckpointRead``."""

from __future__ import annotations

from typing import Any

from service.checkpoints.repository import Row

__all__ = ["checkpoint_document"]


def checkpoint_document(row: Row) -> dict[str, Any]:
    """One checkpoint."""
    experiment = f"/v1/experiments/{row.experiment_id}"
    this = f"{experiment}/checkpoints/{row.kind}"
    return {
        "object": "checkpoint",
        "kind": row.kind,
        "epoch": row.epoch,
        "metrics": {"epoch": row.epoch, **row.metrics},
        "sha256": row.sha256,
        "bytes": row.bytes,
        "created_at": row.created_at,
        "links": {"self": this, "content": f"{this}/content", "experiment": experiment},
    }
