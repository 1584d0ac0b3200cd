"""Learning rates: docs/numerics.md, "Schedules".

Every schedule gives the rate of step t, counted from 0 after the warm-up, for a base rate η. ``left`` is the number of
steps that a run has after its warm-up: the length of a schedule that names none.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi
from typing import Any

from engine import spec

__all__ = ["SCHEDULES", "learning_rate"]


def learning_rate(schedule: spec.Schedule, eta: float, t: int, steps: int) -> float:
    """The rate of step t, from 0, of a run of so many steps: η(t + 1)/w in the w warm-up steps, then the schedule."""
    warmup = schedule.warmup_steps
    if t < warmup:
        return eta * (t + 1) / warmup
    return SCHEDULES[schedule.name](schedule, eta, t - warmup, max(steps - warmup, 1))


def constant(schedule: spec.Constant | spec.Plateau, eta: float, t: int, left: int) -> float:
    """η; the plateau rule changes η itself, between epochs."""
    return eta


def step(schedule: spec.Step, eta: float, t: int, left: int) -> float:
    """ηγ^⌊t/size⌋."""
    return float(eta * schedule.gamma ** (t // schedule.step_size))


def multistep(schedule: spec.MultiStep, eta: float, t: int, left: int) -> float:
    """ηγ^k, k the number of milestones reached."""
    return float(eta * schedule.gamma ** sum(t >= milestone for milestone in schedule.milestones))


def exponential(schedule: spec.Exponential, eta: float, t: int, left: int) -> float:
    """ηγ^t."""
    return float(eta * schedule.gamma**t)


def inverse_time(schedule: spec.InverseTime, eta: float, t: int, left: int) -> float:
    """η/(1 + decay·t)."""
    return eta / (1 + schedule.decay * t)


def polynomial(schedule: spec.Polynomial, eta: float, t: int, left: int) -> float:
    """η(1 - min(t, T)/T)^power."""
    length = schedule.total_steps or left
    return float(eta * (1 - min(t, length) / length) ** schedule.power)


def cosine(schedule: spec.Cosine, eta: float, t: int, left: int) -> float:
    """m + (η - m)(1 + cos(πt/period))/2, m the smallest rate (Loshchilov & Hutter 2017)."""
    least, period = schedule.min_learning_rate, schedule.period or left
    return least + (eta - least) * (1 + cos(pi * t / period)) / 2


def one_cycle(schedule: spec.OneCycle, eta: float, t: int, left: int) -> float:
    """Half a cosine from η/25 up to η at step 0.3T - 1, then one down to η/250,000 at T - 1 (Smith & Topin 2018)."""
    length = schedule.total_steps or left
    peak, last = 0.3 * length - 1, length - 1
    first, lowest = eta / 25, eta / 250_000
    if t <= peak:
        return first + (eta - first) * (1 - cos(pi * t / peak)) / 2
    share = min((t - peak) / (last - peak), 1)
    return lowest + (eta - lowest) * (1 + cos(pi * share)) / 2


def warmup_cosine(schedule: spec.WarmupCosine, eta: float, t: int, left: int) -> float:
    """η(1 + cos(πt/(T - w)))/2, T the steps with the warm-up's w."""
    length = schedule.total_steps - schedule.warmup_steps if schedule.total_steps else left
    return eta * (1 + cos(pi * t / max(length, 1))) / 2


SCHEDULES: dict[str, Callable[[Any, float, int, int], float]] = {
    "constant": constant,
    "step": step,
    "multistep": multistep,
    "exponential": exponential,
    "inverse_time": inverse_time,
    "polynomial": polynomial,
    "cosine": cosine,
    "one_cycle": one_cycle,
    "warmup_cosine": warmup_cosine,
    "plateau": constant,
}
