"""Initial weights: presets of one law, ``variance = scale / fan``, drawn from a normal or a uniform distribution.

Draws are float64 whatever the precision of the run, so that one seed means one network.

The same in plain NumPy: engine/textbook/initializers.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from engine.kernels import Array
from engine.spec import Initializer, Normal, Orthogonal, Uniform

__all__ = ["INITIALIZERS", "Law", "draw", "draw_biases"]

Variance = Callable[[int, int], float]


@dataclass(frozen=True, slots=True)
class Law:
    """Zero-mean weights with ``variance(fan_in, fan_out)``; biases from N(0, ``bias_std``²)."""

    variance: Variance
    uniform: bool = False
    bias_std: float = 0.0


def _lecun(fan_in: int, fan_out: int) -> float:
    return 1 / fan_in


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2 / (fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


INITIALIZERS: dict[str, Law] = {
    "zeros": Law(lambda fan_in, fan_out: 0.0),
    "large": Law(lambda fan_in, fan_out: 1.0, bias_std=1.0),
    "scaled": Law(_lecun, bias_std=1.0),
    "lecun_normal": Law(_lecun),
    "lecun_uniform": Law(_lecun, uniform=True),
    "glorot_normal": Law(_glorot),
    "glorot_uniform": Law(_glorot, uniform=True),
    "he_normal": Law(_he),
    "he_uniform": Law(_he, uniform=True),
}


def _law(init: Initializer) -> Law:
    if isinstance(init, Normal):
        return Law(lambda fan_in, fan_out: init.std**2)
    if isinstance(init, Uniform):
        return Law(lambda fan_in, fan_out: init.limit**2 / 3, uniform=True)
    return INITIALIZERS[str(init)]


def _from_law(
    law: Law, fan_in: int, fan_out: int, size: tuple[int, ...], random: np.random.Generator
) -> Array:
    std = sqrt(law.variance(fan_in, fan_out))
    if law.uniform:
        return random.uniform(-sqrt(3) * std, sqrt(3) * std, size)
    return std * random.standard_normal(size)


def _orthogonal(gain: float, fan_in: int, fan_out: int, random: np.random.Generator) -> Array:
    """Q of a random normal matrix, signs fixed so that every orthogonal matrix is as likely (Mezzadri 2007)."""
    long, short = max(fan_in, fan_out), min(fan_in, fan_out)
    q, r = np.linalg.qr(random.standard_normal((long, short)))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return gain * (q if fan_in >= fan_out else q.T)


def draw(init: Initializer, fan_in: int, fan_out: int, random: np.random.Generator) -> Array:
    """One layer's weights (fan_in, fan_out), float64."""
    if isinstance(init, Orthogonal):
        return _orthogonal(init.gain, fan_in, fan_out, random)
    return _from_law(_law(init), fan_in, fan_out, (fan_in, fan_out), random)


def draw_biases(
    init: Initializer, bias_init: Initializer | None, fan_in: int, fan_out: int, random: np.random.Generator
) -> Array:
    """One layer's biases (fan_out,), float64; ``bias_init`` of None is what the weights' initializer says."""
    if bias_init is None:
        bias_std = 0.0 if isinstance(init, Orthogonal) else _law(init).bias_std
        return bias_std * random.standard_normal(fan_out)
    return _from_law(_law(bias_init), fan_in, fan_out, (fan_out,), random)
