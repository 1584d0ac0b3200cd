"""Initializers of weights and biases: the distributions they are drawn from, or a given checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine.spec.records import Variant, Variants
from engine.spec.rules import Choice, Name, Real, check_fields, rule

__all__ = [
    "BIAS_INITIALIZERS",
    "INITIALIZERS",
    "LAYER_INITIALIZERS",
    "Given",
    "Initializer",
    "Normal",
    "Orthogonal",
    "PerLayer",
    "Uniform",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """Drawn from N(0, std²)."""

    name: ClassVar[str] = "normal"
    std: float = field(default=0.01, metadata=rule(Real(above=0, maximum=1e6)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Drawn uniformly from [−limit, limit)."""

    name: ClassVar[str] = "uniform"
    limit: float = field(default=0.05, metadata=rule(Real(above=0, maximum=1e6)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orthogonal:
    """``gain`` times a random matrix with orthonormal rows or columns (Saxe et al. 2014)."""

    name: ClassVar[str] = "orthogonal"
    gain: float = field(default=1.0, metadata=rule(Real(above=0, maximum=1e6)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Taken from a checkpoint: all weights and biases, and with batch normalization its parameters and statistics."""

    name: ClassVar[str] = "given"
    checkpoint: str = field(metadata=rule(Name(maximum=100)))

    def __post_init__(self) -> None:
        check_fields(self)


_MOST_LAYERS = 33
"""32 hidden layers and the output layer."""

Initializer = str | Normal | Uniform | Orthogonal
"""The distribution that a layer's weights are drawn from."""

LAYER_INITIALIZERS = Variant(
    Choice(
        (
            "auto",
            "zeros",
            "large",
            "scaled",
            "lecun_normal",
            "lecun_uniform",
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
        ),
        {
            "xavier_normal": "glorot_normal",
            "xavier_uniform": "glorot_uniform",
            "kaiming_normal": "he_normal",
            "kaiming_uniform": "he_uniform",
        },
    ),
    {kind.name: kind for kind in (Normal, Uniform, Orthogonal)},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerLayer:
    """One initializer for each layer, from the first hidden layer to the output layer."""

    name: ClassVar[str] = "per_layer"
    layers: tuple[Initializer, ...] = field(metadata=rule(Variants(LAYER_INITIALIZERS, _MOST_LAYERS)))

    def __post_init__(self) -> None:
        check_fields(self)


INITIALIZERS = Variant(
    LAYER_INITIALIZERS.plain,
    {**LAYER_INITIALIZERS.parametric, Given.name: Given, PerLayer.name: PerLayer},
)
BIAS_INITIALIZERS = Variant(Choice(("zeros",)), {kind.name: kind for kind in (Normal, Uniform)})
