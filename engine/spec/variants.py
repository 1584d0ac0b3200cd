"""The named variants an experiment chooses from, each with its parameters and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.spec.records import Variant
from engine.spec.rules import Choice, Real, check_fields, rule

__all__ = [
    "ACTIVATIONS",
    "L1",
    "L1_UPDATES",
    "L2",
    "LAMBDA_CONVENTIONS",
    "LAYER_PENALTIES",
    "LOSSES",
    "MAX_LAMBDA",
    "OUTPUTS",
    "PENALTIES",
    "RELU_FAMILY",
    "AbsoluteError",
    "ActivationSpec",
    "BinaryCrossEntropy",
    "Divide",
    "ElasticNet",
    "Elu",
    "Huber",
    "LayerPenalty",
    "LeakyRelu",
    "LossSpec",
    "Scaling",
    "SquaredError",
    "variant_name",
]

PENALTIES = Choice(("none", "l1", "l2", "elastic_net"))
LAMBDA_CONVENTIONS = Choice(("textbook", "keras", "sklearn", "pytorch"))
L1_UPDATES = Choice(("proximal", "subgradient"))
OUTPUTS = Choice(("auto", "softmax", "sigmoid", "identity"))
REDUCTIONS = Choice(("sum", "mean"))


def variant_name(variant: Any) -> str:
    """The name of a variant, whether it has parameters or is only a name."""
    return variant if isinstance(variant, str) else str(variant.name)


MAX_LAMBDA = 1e12
_LAMBDA = Real(minimum=0, maximum=MAX_LAMBDA)


@dataclass(frozen=True, slots=True, kw_only=True)
class L1:
    """λ/n Σ|w| of one layer."""

    name: ClassVar[str] = "l1"
    lambda_: float = field(default=0.0, metadata=rule(_LAMBDA))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class L2:
    """λ/(2n) Σw² of one layer."""

    name: ClassVar[str] = "l2"
    lambda_: float = field(default=0.0, metadata=rule(_LAMBDA))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticNet:
    """λ/n (ρ Σ|w| + (1−ρ)/2 Σw²) of one layer, ρ = ``l1_ratio``."""

    name: ClassVar[str] = "elastic_net"
    lambda_: float = field(default=0.0, metadata=rule(_LAMBDA))
    l1_ratio: float = field(default=0.5, metadata=rule(Real(minimum=0, maximum=1)))

    def __post_init__(self) -> None:
        check_fields(self)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCrossEntropy:
    """−y log a − (1−y) log(1−a) of every output, a its sigmoid; summed over the outputs or averaged."""

    name: ClassVar[str] = "binary_cross_entropy"
    reduction: str = field(default="sum", metadata=rule(REDUCTIONS))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredError:
    """½(a − y)² of every output; summed over the outputs or averaged."""

    name: ClassVar[str] = "squared_error"
    reduction: str = field(default="sum", metadata=rule(REDUCTIONS))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteError:
    """|a − y| of every output; summed over the outputs or averaged."""

    name: ClassVar[str] = "absolute_error"
    reduction: str = field(default="sum", metadata=rule(REDUCTIONS))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Huber:
    """½r² where |r| ≤ ``delta``, else ``delta``(|r| − ``delta``/2), r = a − y (Huber 1964); summed or averaged."""

    name: ClassVar[str] = "huber"
    reduction: str = field(default="sum", metadata=rule(REDUCTIONS))
    delta: float = field(default=1.0, metadata=rule(Real(above=0, maximum=1e12)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Divide:
    """Features divided by a constant: ``{"divide_by": 256}`` maps bytes to [0, 1)."""

    divide_by: float = field(metadata=rule(Real(above=0, maximum=1e12)))

    def __post_init__(self) -> None:
        check_fields(self)


ActivationSpec = str | LeakyRelu | Elu
LayerPenalty = str | L1 | L2 | ElasticNet
LossSpec = str | BinaryCrossEntropy | SquaredError | AbsoluteError | Huber
Scaling = str | Divide

_SMOOTH = ("identity", "sigmoid", "tanh", "gelu", "gelu_tanh", "softplus", "silu")
RELU_FAMILY = frozenset({"relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu"})
"""Activations that halve the variance, more or less: ``auto`` initializes their layers by He's rule."""

ACTIVATIONS = Variant(Choice((*_SMOOTH, "relu", "selu")), {"leaky_relu": LeakyRelu, "elu": Elu})
LAYER_PENALTIES = Variant(Choice(("none",)), {kind.name: kind for kind in (L1, L2, ElasticNet)})
LOSSES = Variant(
    Choice(("auto", "cross_entropy", "mean_squared_error")),
    {kind.name: kind for kind in (BinaryCrossEntropy, SquaredError, AbsoluteError, Huber)},
)
