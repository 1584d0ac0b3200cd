"""The activations a hidden layer chooses from, and what is known of each without computing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.spec.records import Variant, variant_name
from engine.spec.rules import Choice, Real, check_fields, rule

__all__ = [
    "ACTIVATIONS",
    "TRAITS",
    "ActivationSpec",
    "ActivationTraits",
    "Elu",
    "LeakyRelu",
    "activation_traits",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakyRelu:
    """z where z > 0, else ``negative_slope``·z."""

    name: ClassVar[str] = "leaky_relu"
    negative_slope: float = field(default=0.01, metadata=rule(Real(minimum=0, below=1)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elu:
    """z where z > 0, else ``alpha``(e^z − 1) (Clevert et al. 2016)."""

    name: ClassVar[str] = "elu"
    alpha: float = field(default=1.0, metadata=rule(Real(above=0, maximum=100)))

    def __post_init__(self) -> None:
        check_fields(self)


ActivationSpec = str | LeakyRelu | Elu


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationTraits:
    """What the estimate, the export and the choice of initial weights need to know of an activation."""

    calls: int
    """NumPy calls of its forward and its backward kernel together."""
    arrays: int
    """Values kept per unit and row."""
    is_smooth: bool
    """Whether it takes a function such as exp, which costs far more than a product."""
    is_rectifier: bool
    """Whether it halves the variance, more or less: ``auto`` initializes its layers by He's rule."""
    module: str
    """The module of torch.nn that computes it, with its parameters as ``{name}``."""
    kind: type[Any] | None = None
    """Its dataclass, None for an activation without parameters."""


TRAITS = {
    "identity": ActivationTraits(calls=1, arrays=1, is_smooth=False, is_rectifier=False, module="Identity()"),
    "sigmoid": ActivationTraits(calls=7, arrays=1, is_smooth=True, is_rectifier=False, module="Sigmoid()"),
    "tanh": ActivationTraits(calls=4, arrays=1, is_smooth=True, is_rectifier=False, module="Tanh()"),
    "gelu": ActivationTraits(calls=79, arrays=4, is_smooth=True, is_rectifier=True, module="GELU()"),
    "gelu_tanh": ActivationTraits(
        calls=18, arrays=4, is_smooth=True, is_rectifier=True, module="GELU(approximate='tanh')"
    ),
    "softplus": ActivationTraits(
        calls=11, arrays=4, is_smooth=True, is_rectifier=False, module="Softplus(threshold=1e9)"
    ),
    "silu": ActivationTraits(calls=9, arrays=4, is_smooth=True, is_rectifier=True, module="SiLU()"),
    "relu": ActivationTraits(calls=3, arrays=2, is_smooth=False, is_rectifier=True, module="ReLU()"),
    "selu": ActivationTraits(calls=12, arrays=3, is_smooth=True, is_rectifier=False, module="SELU()"),
    "leaky_relu": ActivationTraits(
        kind=LeakyRelu,
        calls=9,
        arrays=2,
        is_smooth=False,
        is_rectifier=True,
        module="LeakyReLU(negative_slope={negative_slope:g})",
    ),
    "elu": ActivationTraits(
        kind=Elu, calls=12, arrays=3, is_smooth=True, is_rectifier=True, module="ELU(alpha={alpha:g})"
    ),
}

ACTIVATIONS = Variant(
    Choice(tuple(name for name, traits in TRAITS.items() if traits.kind is None)),
    {name: traits.kind for name, traits in TRAITS.items() if traits.kind is not None},
)


def activation_traits(activation: ActivationSpec) -> ActivationTraits:
    """What is known of an activation."""
    return TRAITS[variant_name(activation)]
