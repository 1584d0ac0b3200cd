"""Present a checkpoint's row to clients as ``CheckpointRead``."""

from __future__ import annotations

from typing import Any

from service.checkpoints.service import Stored
from service.experiments.curve.metrics import of_epoch

__all__ = ["checkpoint_document"]


def checkpoint_document(stored: Stored) -> dict[str, Any]:
    """One checkpoint."""
    row = stored.row
    experiment = f"/v1/experiments/{row.experiment_id}"
    this = f"{experiment}/checkpoints/{row.kind}"
    return {
        "id": f"{row.experiment_id}/{row.kind}",
        "object": "checkpoint",
        "kind": row.kind,
        "epoch": row.epoch,
        "metrics": {"epoch": row.epoch, **of_epoch(row.metrics, stored.metric_names)},
        "sha256": row.sha256,
        "bytes": row.bytes,
        "created_at": row.created_at,
        "links": {"self": this, "content": f"{this}/content", "experiment": experiment},
    }
