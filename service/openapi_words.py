"""What fields mean that many documents have: said once, for every schema that does not say it itself."""

from __future__ import annotations

from typing import Any

__all__ = ["describe_common_fields"]

_METRICS = {
    "loss": "Mean loss of a row, without the penalty.",
    "accuracy": "Share of the rows that are classified correctly.",
    "r2": "Coefficient of determination: 1 is perfect, 0 is no better than the mean.",
    "mae": "Mean absolute error, in the target's own unit.",
    "rmse": "Square root of the mean squared error, in the target's own unit.",
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
    "objective": "`train_loss` + `penalty`: what is minimized.",
    "weight_norm": "Euclidean norm of all weights, without biases.",
    "zero_fraction": "Share of the weights that are exactly 0.",
    "gradient_norm": "Norm of the data loss's gradient on the epoch's last batch, before clipping.",
    "dead_units": "Share of hidden units that never fire.",
    "learning_rate": "Learning rate at the end of the epoch.",
    "seconds": "Seconds spent training so far.",
    "epoch": "Number of the epoch; the first is 1.",
    "best_epoch": "The epoch whose weights are kept; null where there is none.",
    "argmin_epoch": "The epoch with the best `monitor`, `min_delta` aside.",
    "data": "The items of the page.",
    "has_more": "Whether another page follows.",
    "next": "Give it as `after` to get the following page; null at the end.",
    "links": "Paths of what can be done next.",
    "self": "Path of this.",
    "experiment": "Path of its experiment.",
    "experiment_id": "The experiment that it happened to.",
    "metrics": "Path of the learning curve.",
    "events": "Path of its events.",
    "checkpoints": "Path of its checkpoints.",
    "content": "Path of its bytes.",
    "created_at": "When it was made, in UTC.",
    "started_at": "When training began; null before.",
    "finished_at": "When it ended; null before.",
    "status": "Where it is.",
    "stop_reason": "Why it ended; null until it has.",
    "error": "Why it failed; null unless it has.",
    "test": "Scores on the test rows; null until it has ended.",
    "code": "Stable, for programs.",
    "message": "In words, for people.",
    "pointer": "JSON pointer to the field that is meant; null where it is none.",
    "note": "What else there is to know.",
    "warnings": "What is allowed and probably not meant.",
    "name": "A name, for people.",
}


def describe_common_fields(document: dict[str, Any]) -> None:
    """Give fields without a description their common one; the document is changed in place."""
    for schema in document["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if "const" in field:
                field.setdefault("description", f"Always `{field['const']}`.")
            elif "$ref" not in field and name in _WORDS:
                field.setdefault("description", _WORDS[name])
