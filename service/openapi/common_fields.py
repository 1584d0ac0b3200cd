"""Common field descriptions, for every schema without its own."""

from __future__ import annotations

from typing import Any

__all__ = ["describe_common_fields"]

_METRICS = {
    "loss": "Mean loss per row, without the penalty.",
    "accuracy": "Share of rows classified correctly.",
    "r2": "Coefficient of determination: 1 is perfect, 0 is no better than predicting the mean.",
    "mae": "Mean absolute error, in the target's unit.",
    "rmse": "Root mean squared error, in the target's unit.",
}
_PARTS = {"train": "training", "val": "validation", "test": "test"}
_WORDS = {
    **_METRICS,
    **{
        f"{part}_{metric}": f"{words.rstrip('.')}, on the {rows} rows."
        for part, rows in _PARTS.items()
        for metric, words in _METRICS.items()
    },
    "penalty": "Penalty of the weights at the end of the epoch; never part of a loss.",
    "objective": "`train_loss` + `penalty`, the objective that training minimizes.",
    "weight_norm": "Euclidean norm of all weights, without biases.",
    "zero_fraction": "Share of weights that are exactly 0.",
    "gradient_norm": "Norm of the data loss's gradient on the epoch's last batch, before clipping.",
    "dead_units": "Share of hidden units whose ReLU is 0 on every validation row.",
    "learning_rate": "Learning rate at the end of the epoch.",
    "seconds": "Training time so far, in seconds.",
    "epoch": "Epoch number, from 1.",
    "best_epoch": "The epoch whose weights are kept; null if there is none.",
    "argmin_epoch": "The epoch with the best `monitor`, ignoring `min_delta`.",
    "data": "The page's items.",
    "has_more": "Whether another page follows.",
    "next": "Pass it as `after` to get the next page; null on the last page.",
    "links": "Paths of related resources and possible next actions.",
    "self": "Path of this resource.",
    "experiment": "Path of its experiment.",
    "experiment_id": "The experiment that the event is about.",
    "metrics": "Path of the learning curve.",
    "events": "Path of its events.",
    "checkpoints": "Path of its checkpoints.",
    "content": "Path of its content.",
    "created_at": "Time of creation, in UTC.",
    "started_at": "Start of training; null before.",
    "finished_at": "End of training; null before.",
    "status": "Current status.",
    "stop_reason": "Reason for ending; null until it has ended.",
    "error": "Cause of the failure; null unless it failed.",
    "test": "Scores on the test rows; null until it has ended.",
    "code": "Stable code, for programs.",
    "message": "Description, for people.",
    "pointer": "JSON Pointer to the field concerned; null if there is none.",
    "note": "Further details.",
    "warnings": "Settings that are valid but probably not intended.",
    "name": "Name, for people.",
}


def describe_common_fields(document: dict[str, Any]) -> None:
    """Give fields without a description their common one; the document is changed in place."""
    for schema in document["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if "const" in field:
                field.setdefault("description", f"Always `{field['const']}`.")
            elif "$ref" not in field and name in _WORDS:
                field.setdefault("description", _WORDS[name])
