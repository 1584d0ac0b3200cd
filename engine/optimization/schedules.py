"""Learning-rate schedules: one table of pure functions of the step, and the plateau rule, which looks at a metric.

Every entry gives the rates of steps t (from 0, after the warm-up) for a base rate η; ``total`` is the number of steps
the schedule has for itself.

The same in plain NumPy: engine/textbook/schedules.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.kernels import Array
from engine.spec import (
    Constant,
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

__all__ = ["SCHEDULES", "PlateauState", "rates", "reduced"]

Rates = Callable[[Any, float, Array, int], Array]


def _constant(spec: Constant, base: float, t: Array, total: int) -> Array:
    return np.full(t.shape, base)


def _step(spec: Step, base: float, t: Array, total: int) -> Array:
    powers: Array = np.power(spec.gamma, t // spec.step_size)
    return base * powers


def _multistep(spec: MultiStep, base: float, t: Array, total: int) -> Array:
    reached: Array = np.searchsorted(spec.milestones, t, side="right")
    return base * np.power(spec.gamma, reached)


def _exponential(spec: Exponential, base: float, t: Array, total: int) -> Array:
    return base * np.power(spec.gamma, t)


def _inverse_time(spec: InverseTime, base: float, t: Array, total: int) -> Array:
    return base / (1 + spec.decay * t)


def _polynomial(spec: Polynomial, base: float, t: Array, total: int) -> Array:
    steps = spec.total_steps or total
    return base * np.power(1 - np.minimum(t, steps) / steps, spec.power)


def _cosine(spec: Cosine, base: float, t: Array, total: int) -> Array:
    least = spec.min_learning_rate
    return least + (base - least) * (1 + np.cos(np.pi * t / (spec.period or total))) / 2


def _one_cycle(spec: OneCycle, base: float, t: Array, total: int) -> Array:
    """Rise from η/25 to η over 30 % of the steps, then fall to η/250,000, each by a half cosine (Smith & Topin 2018).

    The peak lies before the first step where there are 3 steps or fewer, as in torch.
    """
    steps = spec.total_steps or total
    start, end = base / 25, base / 25 / 1e4
    peak, last = 0.3 * steps - 1, steps - 1
    rising = start + (base - start) * (1 - np.cos(np.pi * t / peak)) / 2
    share = np.minimum((t - peak) / (last - peak), 1)
    falling = end + (base - end) * (1 + np.cos(np.pi * share)) / 2
    return np.where(t <= peak, rising, falling)


def _warmup_cosine(spec: WarmupCosine, base: float, t: Array, total: int) -> Array:
    steps = spec.total_steps - spec.warmup_steps if spec.total_steps else total
    return base * (1 + np.cos(np.pi * t / max(steps, 1))) / 2


SCHEDULES: dict[type[Any], Rates] = {
    Constant: _constant,
    Step: _step,
    MultiStep: _multistep,
    Exponential: _exponential,
    InverseTime: _inverse_time,
    Polynomial: _polynomial,
    Cosine: _cosine,
    OneCycle: _one_cycle,
    WarmupCosine: _warmup_cosine,
    Plateau: _constant,
}


def rates(spec: Schedule, base: float, steps: Array, total: int) -> Array:
    """The rates of the given steps (from 0) of a run of ``total`` steps, float64."""
    warmup = spec.warmup_steps
    after = np.maximum(steps - warmup, 0)
    found = SCHEDULES[type(spec)](spec, base, after, max(total - warmup, 1))
    return np.where(steps < warmup, base * (steps + 1) / warmup, found) if warmup else found


@dataclass(frozen=True, slots=True)
class PlateauState:
    """State of the plateau rule: the current rate and its counters; ``best`` is mirrored."""

    rate: float
    best: float | None = None
    wait: int = 0
    cooldown: int = 0


def reduced(spec: Plateau, state: PlateauState, value: float) -> PlateauState:
    """The state after an epoch whose metric, smaller being better, is ``value`` (Keras ReduceLROnPlateau)."""
    cooldown, wait = state.cooldown, state.wait
    if cooldown > 0:
        cooldown, wait = cooldown - 1, 0
    if state.best is None or value < state.best - spec.min_delta:
        return PlateauState(state.rate, value, 0, cooldown)
    if cooldown > 0:
        return dataclasses.replace(state, wait=wait, cooldown=cooldown)
    wait += 1
    if wait < spec.patience or state.rate <= spec.min_learning_rate:
        return dataclasses.replace(state, wait=wait, cooldown=cooldown)
    return PlateauState(max(state.rate * spec.factor, spec.min_learning_rate), state.best, 0, spec.cooldown)
