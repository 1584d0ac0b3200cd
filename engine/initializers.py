"""Initial weights: presets of one law, ``variance = scale / fan``, drawn from a normal or a uniform distribution.

Draws are float64 whatever the precision of the run, so that one seed means one network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from engine.calls import Array
from engine.spec import Initializer, Normal

__all__ = ["INITIALIZERS", "Law", "draw"]

Variance = Callable[[int, int], float]


@dataclass(frozen=True, slots=True)
class Law:
    """Zero-mean weights with ``variance(fan_in, fan_out)``; biases from N(0, ``bias_std``²)."""

    variance: Variance
    uniform: bool = False
    bias_std: float = 0.0


def _zero(fan_in: int, fan_out: int) -> float:
    return 0.0


def _one(fan_in: int, fan_out: int) -> float:
    return 1.0


def _lecun(fan_in: int, fan_out: int) -> float:
    return 1 / fan_in


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2 / (fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


INITIALIZERS: dict[str, Law] = {
    "zeros": Law(_zero),
    "large": Law(_one, bias_std=1.0),
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
    return INITIALIZERS[init]


def draw(init: Initializer, fan_in: int, fan_out: int, random: np.random.Generator) -> tuple[Array, Array]:
    """One layer's weights (fan_in, fan_out) and biases (fan_out,), float64."""
    law = _law(init)
    std = sqrt(law.variance(fan_in, fan_out))
    shape = (fan_in, fan_out)
    limit = sqrt(3) * std
    weights = random.uniform(-limit, limit, shape) if law.uniform else std * random.standard_normal(shape)
    return weights, law.bias_std * random.standard_normal(fan_out)
