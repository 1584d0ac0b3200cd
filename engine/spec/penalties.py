"""The penalties of weights, and how λ divides into L1 and L2.

A penalty adds ``λρ/n Σ|w| + λ(1−ρ)/(2n) Σw²`` to the mean loss of n training rows, ρ being the share of L1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine.spec.records import Variant
from engine.spec.rules import Choice, Real, check_fields, rule

__all__ = [
    "L1",
    "L1_UPDATES",
    "L2",
    "LAMBDA_CONVENTIONS",
    "LAYER_PENALTIES",
    "MAX_LAMBDA",
    "PENALTIES",
    "EffectivePenalty",
    "ElasticNet",
    "LayerPenalty",
    "effective",
]

PENALTIES = Choice(("none", "l1", "l2", "elastic_net"))
LAMBDA_CONVENTIONS = Choice(("textbook", "keras", "sklearn", "pytorch"))
L1_UPDATES = Choice(("proximal", "subgradient"))

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


LayerPenalty = str | L1 | L2 | ElasticNet

LAYER_PENALTIES = Variant(Choice(("none",)), {kind.name: kind for kind in (L1, L2, ElasticNet)})


@dataclass(frozen=True, slots=True)
class EffectivePenalty:
    """What a layer is penalized by; λ is 0 without a penalty."""

    kind: str
    lambda_: float
    l1_share: float
    """ρ: 1 for L1, 0 for L2, and what an elastic net says."""

    @classmethod
    def of(cls, penalty: LayerPenalty) -> EffectivePenalty:
        """A layer's own penalty."""
        if isinstance(penalty, str):
            return effective(penalty, 0.0, 0.0)
        return effective(penalty.name, penalty.lambda_, getattr(penalty, "l1_ratio", 0.0))

    @property
    def l1(self) -> float:
        """λρ."""
        return self.lambda_ * self.l1_share

    @property
    def l2(self) -> float:
        """λ(1−ρ)."""
        return self.lambda_ * (1 - self.l1_share)

    @property
    def has_l1(self) -> bool:
        """Whether it is of a kind with an L1 term, whatever λ is."""
        return self.kind in {"l1", "elastic_net"}

    @property
    def has_l2(self) -> bool:
        """Whether it is of a kind with an L2 term, whatever λ is."""
        return self.kind in {"l2", "elastic_net"}


def effective(kind: str, lambda_: float, l1_ratio: float) -> EffectivePenalty:
    """A penalty by its name; ``l1_ratio`` counts for an elastic net alone."""
    share = {"none": 0.0, "l1": 1.0, "l2": 0.0, "elastic_net": l1_ratio}[kind]
    return EffectivePenalty(kind, 0.0 if kind == "none" else lambda_, share)
