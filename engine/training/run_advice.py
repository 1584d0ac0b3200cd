"""Advice on a finished run: what its epochs show about its specification."""

from __future__ import annotations

from collections.abc import Iterator

from engine.spec import METRICS, Experiment, SpecWarning
from engine.training.constant_model import Comparison
from engine.training.stack import Stack

__all__ = ["run_advice"]

_STOPPED_BY_HAND = "user"


def run_advice(stack: Stack, lane: int, reason: str, comparison: Comparison | None) -> Iterator[SpecWarning]:
    """Every warning about a lane of the stack, which ended for this reason.

    ``comparison`` is that of its best weights with the constant model.
    """
    experiment, epochs = stack.experiments[lane], stack.epochs[lane]
    best, tracked = stack.best_epochs[lane], int(stack.progress.best_epoch[lane])
    least = int(stack.progress.least_epoch[lane])
    if best and not tracked:
        yield _nothing_tracked(experiment, epochs)
    elif tracked != least:
        message = f"Epoch {least} was better than the best epoch {tracked}, but by less than min_delta."
        yield SpecWarning("min_delta_hid_best", ("min_delta",), message)
    if reason == "max_epochs" and tracked == epochs > experiment.start_from_epoch + 1:
        yield _still_improving(experiment, epochs)
    if comparison is not None and not comparison.is_better and reason != _STOPPED_BY_HAND:
        why = (
            "The last epoch is the best one, so the run may need more epochs."
            if tracked == epochs
            else (
                "Either the features carry no information about the target, or the settings keep the network "
                "from learning it."
            )
        )
        message = (
            f"The best epoch's {comparison.metric} of {comparison.network:.4g} is no better than the "
            f"{comparison.constant:.4g} of one constant answer for every row, fitted to the targets alone. "
            f"{why}"
        )
        yield SpecWarning("no_better_than_baseline", (), message)


def _still_improving(experiment: Experiment, epochs: int) -> SpecWarning:
    """Advice to go with it: a training metric improves whether or not the network does."""
    if METRICS[experiment.monitor].part == "val":
        further = "" if experiment.patience is not None else ", and set patience to end the run in time"
        advice = f"more epochs may improve it further. Raise max_epochs{further}."
    else:
        advice = (
            "as often happens with a training metric. Only validation rows show whether more epochs help."
        )
    return SpecWarning(
        "still_improving",
        ("max_epochs",),
        f"The best epoch by {experiment.monitor} is the last one, {epochs:,}: {advice}",
    )


def _nothing_tracked(experiment: Experiment, epochs: int) -> SpecWarning:
    """The reason why no epoch was tracked: all came too early, or the metric had no value."""
    kept = "so the best weights are those of the last finite epoch."
    if experiment.start_from_epoch >= epochs:
        return SpecWarning("nothing_tracked", ("start_from_epoch",), f"No epoch was tracked, {kept}")
    name = experiment.monitor
    why = ": the targets of its rows are constant" if METRICS[name].quantity == "r2" else ""
    message = (
        f"{name} was undefined in every epoch{why}. No epoch was tracked, {kept} Monitor a loss instead."
    )
    return SpecWarning("nothing_tracked", ("monitor",), message)
