"""Advice on early stopping: its metric, its patience, and settings that it cuts short."""

from __future__ import annotations

from collections.abc import Iterator

from engine.spec.experiment import Experiment
from engine.spec.facts import SplitRows
from engine.spec.metrics import METRICS
from engine.spec.schedules import OneCycle, Plateau
from engine.spec.spec_warning import SpecWarning

__all__ = ["stopping_advice"]

_ONE_CYCLE_RISES = 0.3
"""Share of a one-cycle schedule in which the rate rises."""


def stopping_advice(resolved: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    """Warnings about ``patience`` and the fields around it."""
    yield from _monitor(resolved, rows)
    yield from _patience(resolved)
    yield from _min_delta(resolved)
    yield from _baseline(resolved)
    yield from _schedule(resolved, rows)


def _monitor(resolved: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    """Metrics that have no value, and training metrics that stand in for validation metrics."""
    monitor = resolved.monitor
    part, count = (
        ("training", rows.train) if METRICS[monitor].part == "train" else ("validation", rows.validation)
    )
    if METRICS[monitor].quantity == "r2" and count == 1:
        message = (
            f"{monitor} is undefined for a single {part} row, so no epoch can be the best "
            f"one{'' if resolved.patience is None else ' and patience never acts'}. Monitor a loss, or "
            "give the split more rows."
        )
        yield SpecWarning("monitor_undefined", ("monitor",), message)
    elif resolved.patience is not None and not rows.validation:
        message = (
            f"There are no validation rows, so patience monitors {monitor}, which does not show "
            "overfitting. Set split.validation to hold out rows for it."
        )
        yield SpecWarning("patience_without_validation", ("monitor",), message)


def _patience(resolved: Experiment) -> Iterator[SpecWarning]:
    late, patience = resolved.start_from_epoch, resolved.patience
    if late >= resolved.max_epochs:
        message = "start_from_epoch is not below max_epochs, so no epoch is tracked and the last one counts as best."
        yield SpecWarning("start_too_late", ("start_from_epoch",), message)
    elif patience is not None and late + patience >= resolved.max_epochs:
        what = "start_from_epoch + patience" if late else "patience"
        message = f"{what} is not below max_epochs, so it can never stop the run."
        yield SpecWarning("patience_too_long", ("patience",), message)


def _min_delta(resolved: Experiment) -> Iterator[SpecWarning]:
    is_accuracy, schedule = METRICS[resolved.monitor].quantity == "accuracy", resolved.schedule
    never = (
        "An accuracy is at most 1, so none is better by more than {:g}: {}. Divide percentage points by 100."
    )
    if is_accuracy and isinstance(schedule, Plateau) and schedule.min_delta >= 1:
        message = never.format(schedule.min_delta, "the rate is reduced however well the run learns")
        yield SpecWarning("min_delta_too_large", ("schedule", "min_delta"), message)
    if not resolved.min_delta:
        return
    size = abs(resolved.min_delta)
    if is_accuracy and size >= 1:
        message = never.format(size, "the first tracked epoch stays the best one")
        yield SpecWarning("min_delta_too_large", ("min_delta",), message)
        return
    message = (
        f"An epoch that is better by less than {size:g} does not become the best one, and its weights are "
        "not kept. argmin_epoch names the best epoch regardless."
    )
    yield SpecWarning("min_delta_may_hide_best", ("min_delta",), message)


def _baseline(resolved: Experiment) -> Iterator[SpecWarning]:
    """Baselines that decide nothing: no patience to renew, or a value that no epoch or every epoch is better than."""
    baseline, delta = resolved.baseline, abs(resolved.min_delta)
    if baseline is None:
        return
    if resolved.patience is None:
        message = "baseline only affects when patience is renewed, so it has no effect without patience."
        yield SpecWarning("baseline_without_patience", ("baseline",), message)
        return
    metric = METRICS[resolved.monitor]
    bound = "at most 1" if metric.larger_is_better else "never below 0"
    if baseline + delta >= 1 if metric.larger_is_better else baseline - delta <= 0:
        message = (
            f"{resolved.monitor} is {bound}, so no epoch is better than this baseline: patience is never "
            f"renewed, and the first epoch from {_first_stop(resolved)} on without an improvement ends the "
            "run."
        )
        yield SpecWarning("baseline_out_of_reach", ("baseline",), message)
    elif metric.quantity == "accuracy" and baseline + delta < 0:
        message = "Every accuracy is better than this baseline, so it has no effect."
        yield SpecWarning("baseline_without_effect", ("baseline",), message)


def _first_stop(resolved: Experiment) -> int:
    """The first epoch that may end a run whose patience is never renewed."""
    return max(2, resolved.start_from_epoch + max(resolved.patience or 0, 1))


def _schedule(resolved: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    """Schedules that patience cuts short before they do what they are for."""
    schedule = resolved.schedule
    # A plateau, like the run, acts in the first epoch without an improvement at the earliest.
    plateau = max(schedule.patience, 1) if isinstance(schedule, Plateau) else 0
    if plateau and plateau + 1 >= resolved.max_epochs:
        message = "The run ends before the plateau's patience does, so the rate is never reduced."
        yield SpecWarning("schedule_too_long", ("schedule", "patience"), message)
    if resolved.patience is None:
        return
    waits = resolved.start_from_epoch + max(resolved.patience, 1)
    if plateau and waits <= plateau < resolved.max_epochs - 1:
        message = (
            f"Early stopping ends the run after {_epochs(max(resolved.patience, 1))} without an "
            f"improvement, before a plateau of {_epochs(plateau)} can reduce the rate and show whether "
            "that helps. Make schedule.patience smaller than patience."
        )
        yield SpecWarning("plateau_after_stopping", ("schedule", "patience"), message)
    steps = -(-rows.train // resolved.batch_size)
    rising = schedule.warmup_steps
    if isinstance(schedule, OneCycle):
        rising += int(_ONE_CYCLE_RISES * (schedule.total_steps or resolved.max_epochs * steps - rising))
    if waits * steps < rising < resolved.max_epochs * steps:
        message = (
            f"The rate still rises for {-(-rising // steps):,} epochs, while patience may end the run from "
            f"epoch {waits + 1:,} on. Set start_from_epoch to {-(-rising // steps):,} to let it rise "
            "first."
        )
        yield SpecWarning("patience_shorter_than_warmup", ("patience",), message)


def _epochs(count: int) -> str:
    return f"{count:,} epoch{'' if count == 1 else 's'}"
