"""Every metric of an epoch: its tasks, its direction, and whether it can be monitored."""

from __future__ import annotations

from dataclasses import dataclass

from engine.spec.losses import TASKS

__all__ = ["METRICS", "MONITORS", "Metric", "scores_of"]

_CLASSIFICATION = ("binary", "multiclass", "multilabel")
_REGRESSION = ("regression",)


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that an epoch is measured by."""

    name: str
    quantity: str
    """What is measured, such as ``loss``; the name again where it is not measured on rows."""
    part: str = ""
    """``train`` or ``val``, the rows it is measured on; empty for what is measured on none."""
    tasks: tuple[str, ...] = TASKS
    larger_is_better: bool = False
    """Whether a larger value is better; such a metric is at most 1."""
    is_score: bool = False
    """Whether it compares answers with targets in the user's terms, as a loss does not."""
    is_monitored: bool = False


def _measured(
    quantity: str, tasks: tuple[str, ...] = TASKS, *, score: bool = True, larger: bool = False
) -> tuple[Metric, Metric]:
    """A metric of the training rows and the same of the validation rows."""
    train, val = (
        Metric(
            f"{part}_{quantity}",
            quantity,
            part,
            tasks,
            larger_is_better=larger,
            is_score=score,
            is_monitored=True,
        )
        for part in ("train", "val")
    )
    return train, val


METRICS = {
    metric.name: metric
    for metric in (
        *_measured("loss", score=False),
        *_measured("accuracy", _CLASSIFICATION, larger=True),
        *_measured("r2", _REGRESSION, larger=True),
        *_measured("mae", _REGRESSION),
        *_measured("rmse", _REGRESSION),
        Metric("penalty", "penalty"),
        Metric("objective", "objective", is_monitored=True),
        Metric("weight_norm", "weight_norm"),
        Metric("zero_fraction", "zero_fraction"),
        Metric("gradient_norm", "gradient_norm"),
        Metric("dead_units", "dead_units"),
        Metric("learning_rate", "learning_rate"),
    )
}
"""The metrics by name, in the order in which curves show them."""

_MONITORED = [metric for metric in METRICS.values() if metric.is_monitored]
MONITORS = tuple(metric.name for metric in sorted(_MONITORED, key=lambda metric: metric.is_score))
"""What early stopping and a plateau can watch: losses, then scores."""


def scores_of(task: str) -> tuple[str, ...]:
    """The quantities by which the answers of a task are scored."""
    return tuple(
        dict.fromkeys(each.quantity for each in METRICS.values() if each.is_score and task in each.tasks)
    )
