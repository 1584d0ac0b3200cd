"""Advice on batches and the learning rate: its size for the optimizer, and its schedule over the run's steps."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator

from engine.spec.experiment import Experiment
from engine.spec.facts import SplitRows
from engine.spec.initializers import Given
from engine.spec.optimizers import Adagrad, AdamW, Sgd
from engine.spec.schedules import (
    Cosine,
    Exponential,
    InverseTime,
    MultiStep,
    OneCycle,
    Plateau,
    Polynomial,
    Schedule,
    Step,
    WarmupCosine,
)
from engine.spec.spec_warning import SpecWarning

__all__ = ["is_scaled", "schedule_advice"]

_SMALLEST_RATE = 1e-6
_SHORTEST_WAY = 1e-3
"""A learning rate is too small if it is below the first value and all steps of the run together are shorter
than the second.
"""
_VANISHED = 1e-6
"""Share of the learning rate below which nothing more is learned."""
_UNCHANGED = 0.999
"""Share of the learning rate that is as good as all of it."""
_SAME = "{} leaves the learning rate unchanged, within a thousandth, to the end of the run."
_DECIDES = {
    "step": ("gamma", "is applied per step, not per epoch"),
    "exponential": ("gamma", "is applied per step, not per epoch"),
    "multistep": ("milestones", "count steps, not epochs"),
    "inverse_time": ("decay", "is applied per step, not per epoch"),
    "polynomial": ("power", "makes the rate fall at once"),
}
"""The parameter by which a schedule reduces the rate, and a likely mistake about it."""


def schedule_advice(resolved: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    """Warnings about ``batch_size``, ``optimizer`` and ``schedule``."""
    if resolved.batch_size > rows.train:
        message = (
            f"The batch is larger than the {rows.train:,} training row{'' if rows.train == 1 else 's'}: "
            "each epoch is one full-batch step."
        )
        yield SpecWarning("batch_exceeds_rows", ("batch_size",), message)
    per_epoch = -(-rows.train // resolved.batch_size)
    steps = resolved.max_epochs * per_epoch
    if is_scaled(resolved):
        yield from _rate(resolved, steps)
        yield from _clipped(resolved, steps)
    yield from _weight_decay(resolved)
    yield from _floor(resolved)
    schedule, left = resolved.schedule, steps - resolved.schedule.warmup_steps
    if left <= 0:
        message = f"The run has at most {steps:,} steps, so it ends before the warm-up does."
        yield SpecWarning("warmup_too_long", ("schedule", "warmup_steps"), message)
    else:
        lengths = list(_length(schedule, left))
        yield from lengths or _reduction(schedule, left, per_epoch)


def is_scaled(resolved: Experiment) -> bool:
    """Whether features and targets are of a size that bounds on rates and penalties are made for."""
    own_units = resolved.output == "identity" and resolved.target_scaling == "none"
    return resolved.scaling != "none" and not own_units


def _rate(resolved: Experiment, steps: int) -> Iterator[SpecWarning]:
    """Rates that cannot be meant for scaled data."""
    optimizer, path = resolved.optimizer, ("optimizer", "learning_rate")
    rate = optimizer.learning_rate
    momentum = getattr(optimizer, "momentum", 0.0)
    held = isinstance(optimizer, Sgd) and (resolved.clip_norm or resolved.max_norm) is not None
    if rate / (1 - momentum) >= optimizer.largest_rate and not held:
        what = f"{rate:g} with momentum {momentum:g}" if momentum else f"{rate:g}"
        usual = "0.01 to 1" if isinstance(optimizer, Sgd) else "0.0001 to 0.01"
        message = (
            f"A learning rate of {what} is far too large for {optimizer.name}: each step undoes what was "
            f"learned. Usual rates are {usual}."
        )
        yield SpecWarning("learning_rate_too_large", path, message)
    # From given weights on, small steps may be what is wanted.
    if isinstance(resolved.init, Given) or rate / (1 - momentum) >= _SMALLEST_RATE:
        return
    way = rate * 2 * math.sqrt(steps) if isinstance(optimizer, Adagrad) else rate / (1 - momentum) * steps
    if way < _SHORTEST_WAY:
        message = (
            f"With a learning rate of {rate:g}, the run's {steps:,} steps move a weight by about {way:.1g} "
            "in total, so almost nothing is learned."
        )
        yield SpecWarning("learning_rate_too_small", path, message)


def _clipped(resolved: Experiment, steps: int) -> Iterator[SpecWarning]:
    """Gradients clipped so short that SGD does not get anywhere; the other optimizers divide by their length."""
    optimizer, longest = resolved.optimizer, resolved.clip_norm
    if longest is None or not isinstance(optimizer, Sgd) or isinstance(resolved.init, Given):
        return
    way = optimizer.learning_rate / (1 - optimizer.momentum) * longest * steps
    if longest < _SHORTEST_WAY and way < _SHORTEST_WAY:
        message = (
            f"With gradients clipped to {longest:g}, the run's {steps:,} steps of SGD move the weights by "
            f"{way:.1g} in total, so almost nothing is learned."
        )
        yield SpecWarning("norm_too_small", ("clip_norm",), message)


def _weight_decay(resolved: Experiment) -> Iterator[SpecWarning]:
    """A decoupled decay whose factor 1 − η·weight_decay leaves nothing of the weights."""
    optimizer = resolved.optimizer
    if isinstance(optimizer, AdamW) and (share := optimizer.learning_rate * optimizer.weight_decay) >= 1:
        message = (
            f"learning_rate · weight_decay = {share:.3g}: each step removes the whole weight, or more. "
            "Usual values are below 0.001."
        )
        yield SpecWarning("weight_decay_too_large", ("optimizer", "weight_decay"), message)


def _floor(resolved: Experiment) -> Iterator[SpecWarning]:
    """Schedules that are to reduce the rate, and whose smallest rate or factor keeps them from it."""
    schedule, rate = resolved.schedule, resolved.optimizer.learning_rate
    if isinstance(schedule, (Cosine, Plateau)) and schedule.min_learning_rate >= rate:
        message = (
            f"min_learning_rate is not below the learning rate of {rate:g}, so the schedule never reduces it."
        )
        yield SpecWarning("schedule_without_effect", ("schedule", "min_learning_rate"), message)
    elif isinstance(schedule, Plateau):
        times = resolved.max_epochs // max(schedule.patience, 1)
        if times and schedule.factor**times > _UNCHANGED:
            yield SpecWarning("schedule_without_effect", ("schedule", "factor"), _SAME.format("factor"))


def _length(schedule: Schedule, left: int) -> Iterator[SpecWarning]:
    """Schedules that are longer than the run, or over long before it is."""
    run = f"The run has {left:,} steps at most{' after the warm-up' if schedule.warmup_steps else ''}"
    if isinstance(schedule, (Step, MultiStep)):
        name, first = _first_reduction(schedule)
        if first >= left:
            yield SpecWarning(
                "schedule_too_long", ("schedule", name), f"{run}, so the rate is never reduced."
            )
    name = "period" if isinstance(schedule, Cosine) else "total_steps"
    path, total = ("schedule", name), getattr(schedule, name, None)
    if total is None:
        return
    if isinstance(schedule, WarmupCosine):
        total -= schedule.warmup_steps
        if total <= 0:
            message = (
                "total_steps includes the warm-up and is not larger than warmup_steps, so no cosine decay "
                "follows."
            )
            yield SpecWarning("schedule_ends_early", path, message)
            return
    if total > left:
        message = f"{run}, so the schedule does not reach its end. null fits it to the run."
        yield SpecWarning("schedule_too_long", path, message)
    elif total <= left / 2 and isinstance(schedule, (Polynomial, OneCycle)):
        message = (
            f"{run}; after {total:,} of them the rate is close to 0 and nothing more is learned. null fits "
            "the schedule to the run."
        )
        yield SpecWarning("schedule_ends_early", path, message)


def _reduction(schedule: Schedule, left: int, per_epoch: int) -> Iterator[SpecWarning]:
    """Rates that have vanished before half of the run is over, and rates that stay what they are."""
    if not isinstance(schedule, (Step, MultiStep, Exponential, InverseTime, Polynomial)):
        return
    if left == 1:
        after = " after the warm-up" if schedule.warmup_steps else ""
        message = f"The run has a single step{after}, so the rate is never reduced."
        yield SpecWarning("schedule_without_effect", ("schedule",), message)
        return
    name, unit = _DECIDES[schedule.name]
    if _share(schedule, left - 1, left) > _UNCHANGED:
        yield SpecWarning("schedule_without_effect", ("schedule", name), _SAME.format(name))
    if _share(schedule, left // 2, left) >= _VANISHED:
        return
    steps = bisect.bisect_left(range(left), -_VANISHED, key=lambda step: -_share(schedule, step, left))
    epochs = (schedule.warmup_steps + steps) / per_epoch
    message = (
        f"{name} {unit}, and the run has {left:,} steps: after {epochs:.3g} epochs the rate is below a "
        "millionth of its start and nothing more is learned."
    )
    yield SpecWarning("schedule_ends_early", ("schedule", name), message)


def _share(
    schedule: Step | MultiStep | Exponential | InverseTime | Polynomial, step: int, left: int
) -> float:
    """Share of the learning rate left at a step, not counting the warm-up, of a run of ``left`` steps."""
    share: float
    if isinstance(schedule, InverseTime):
        share = 1 / (1 + schedule.decay * step)
    elif isinstance(schedule, Polynomial):
        total = schedule.total_steps or left
        share = (1 - min(step, total) / total) ** schedule.power
    elif isinstance(schedule, Exponential):
        share = schedule.gamma**step
    elif isinstance(schedule, Step):
        share = schedule.gamma ** (step // schedule.step_size)
    else:
        share = schedule.gamma ** sum(milestone <= step for milestone in schedule.milestones)
    return share


def _first_reduction(schedule: Step | MultiStep) -> tuple[str, int]:
    if isinstance(schedule, Step):
        return "step_size", schedule.step_size
    return "milestones", schedule.milestones[0]
