"""Initial weights (I, J) and biases (J,): docs/numerics.md, "Initialization".

Nearly all follow one law: zero mean and a variance, drawn from a normal distribution or from a uniform one, whose
limits ±√3·σ give it the standard deviation σ.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import spec

__all__ = ["BIAS_INITIALIZERS", "INITIALIZERS", "initial_biases", "initial_weights"]

Array = NDArray[np.float64]
Random = np.random.Generator


def normal(std: float, shape: tuple[int, ...], random: Random) -> Array:
    """Numbers from N(0, σ²)."""
    return std * random.standard_normal(shape)


def uniform(limit: float, shape: tuple[int, ...], random: Random) -> Array:
    """Numbers from the uniform distribution on [-limit, limit)."""
    return random.uniform(-limit, limit, shape)


def zeros(fan_in: int, fan_out: int) -> float:
    """σ = 0: all units of a layer stay equal."""
    return 0.0


def large(fan_in: int, fan_out: int) -> float:
    """σ = 1 (Nielsen, *Neural Networks and Deep Learning*, ch. 1); biases from N(0, 1)."""
    return 1.0


def scaled(fan_in: int, fan_out: int) -> float:
    """σ² = 1/I (Nielsen ch. 3); biases from N(0, 1)."""
    return sqrt(1 / fan_in)


def lecun(fan_in: int, fan_out: int) -> float:
    """σ² = 1/I (LeCun et al. 1998)."""
    return sqrt(1 / fan_in)


def glorot(fan_in: int, fan_out: int) -> float:
    """σ² = 2/(I + J), also called Xavier (Glorot & Bengio 2010)."""
    return sqrt(2 / (fan_in + fan_out))


def he(fan_in: int, fan_out: int) -> float:
    """σ² = 2/I, also called Kaiming (He et al. 2015)."""
    return sqrt(2 / fan_in)


def orthogonal(gain: float, fan_in: int, fan_out: int, random: Random) -> Array:
    """Gain times an orthogonal matrix (Saxe et al. 2014): Q of a normal matrix, R's diagonal positive (Mezzadri 2007).

    The matrix that is drawn has at least as many rows as columns; Q is turned where there are fewer inputs than units.
    """
    q, r = np.linalg.qr(random.standard_normal((max(fan_in, fan_out), min(fan_in, fan_out))))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return gain * (q if fan_in >= fan_out else q.T)


Draw = Callable[[Any, int, int, Random], Array]


def _normal(sigma: Callable[[int, int], float]) -> Draw:
    return lambda init, fan_in, fan_out, random: normal(sigma(fan_in, fan_out), (fan_in, fan_out), random)


def _uniform(sigma: Callable[[int, int], float]) -> Draw:
    return lambda init, fan_in, fan_out, random: uniform(
        sqrt(3) * sigma(fan_in, fan_out), (fan_in, fan_out), random
    )


INITIALIZERS: dict[str, Draw] = {
    "zeros": _normal(zeros),
    "large": _normal(large),
    "scaled": _normal(scaled),
    "lecun_normal": _normal(lecun),
    "lecun_uniform": _uniform(lecun),
    "glorot_normal": _normal(glorot),
    "glorot_uniform": _uniform(glorot),
    "he_normal": _normal(he),
    "he_uniform": _uniform(he),
    "normal": lambda init, fan_in, fan_out, random: normal(init.std, (fan_in, fan_out), random),
    "uniform": lambda init, fan_in, fan_out, random: uniform(init.limit, (fan_in, fan_out), random),
    "orthogonal": lambda init, fan_in, fan_out, random: orthogonal(init.gain, fan_in, fan_out, random),
}
"""Draw of each initializer, from its specification, I, J and the random numbers."""

BIAS_INITIALIZERS: dict[str, Callable[[Any, int, Random], Array]] = {
    "zeros": lambda bias_init, fan_out, random: normal(0.0, (fan_out,), random),
    "normal": lambda bias_init, fan_out, random: normal(bias_init.std, (fan_out,), random),
    "uniform": lambda bias_init, fan_out, random: uniform(bias_init.limit, (fan_out,), random),
}
"""Draw of biases with an initializer of their own; numbers are drawn even if they become 0."""


def initial_weights(init: spec.Initializer, fan_in: int, fan_out: int, random: Random) -> Array:
    """Weights (I, J) of a layer."""
    return INITIALIZERS[spec.variant_name(init)](init, fan_in, fan_out, random)


def initial_biases(
    init: spec.Initializer, bias_init: spec.Initializer | None, fan_out: int, random: Random
) -> Array:
    """Biases (J,) of a layer: as ``bias_init`` says, else N(0, 1) with ``large`` and ``scaled``, else 0."""
    if bias_init is not None:
        return BIAS_INITIALIZERS[spec.variant_name(bias_init)](bias_init, fan_out, random)
    return normal(1.0 if spec.variant_name(init) in {"large", "scaled"} else 0.0, (fan_out,), random)
