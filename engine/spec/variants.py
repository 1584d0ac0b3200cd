"""The named variants an experiment chooses from, each with its parameters and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine.spec.records import Variant
from engine.spec.rules import Choice, Flag, Real, check_fields, problem, rule

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "L1_UPDATES",
    "LOSSES",
    "OPTIMIZERS",
    "OUTPUTS",
    "PENALTIES",
    "RELU_FAMILY",
    "Adam",
    "Divide",
    "Initializer",
    "Normal",
    "Optimizer",
    "Scaling",
    "Sgd",
]

ACTIVATIONS = Choice(("identity", "sigmoid", "tanh", "relu"))
RELU_FAMILY = frozenset({"relu"})
PENALTIES = Choice(("none", "l1", "l2", "elastic_net"))
L1_UPDATES = Choice(("proximal", "subgradient"))
LOSSES = Choice(("auto", "cross_entropy", "binary_cross_entropy", "squared_error"))
OUTPUTS = Choice(("auto", "softmax", "sigmoid", "identity"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgd:
    """Stochastic gradient descent; with momentum μ: ``v ← μv + g``, ``w ← w − ηv`` (torch.optim.SGD).

    ``nesterov`` takes the look-ahead step ``w ← w − η(g + μv)`` and needs momentum.
    """

    name: ClassVar[str] = "sgd"
    learning_rate: float = field(default=0.1, metadata=rule(Real(above=0, maximum=1e9)))
    momentum: float = field(default=0.0, metadata=rule(Real(minimum=0, below=1)))
    nesterov: bool = field(default=False, metadata=rule(Flag()))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.nesterov and not self.momentum:
            raise problem("incompatible", "Nesterov's step needs a momentum greater than 0.", "nesterov")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam:
    """Adam (Kingma & Ba 2015) with bias correction, ε outside the root (torch.optim.Adam)."""

    name: ClassVar[str] = "adam"
    learning_rate: float = field(default=0.001, metadata=rule(Real(above=0, maximum=1e9)))
    beta1: float = field(default=0.9, metadata=rule(Real(minimum=0, below=1)))
    beta2: float = field(default=0.999, metadata=rule(Real(minimum=0, below=1)))
    epsilon: float = field(default=1e-8, metadata=rule(Real(above=0, maximum=1)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """Weights drawn from N(0, std²)."""

    name: ClassVar[str] = "normal"
    std: float = field(default=0.01, metadata=rule(Real(above=0, maximum=1e6)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Divide:
    """Features divided by a constant: ``{"divide_by": 256}`` maps bytes to [0, 1)."""

    divide_by: float = field(metadata=rule(Real(above=0, maximum=1e12)))

    def __post_init__(self) -> None:
        check_fields(self)


Optimizer = Sgd | Adam
Initializer = str | Normal
Scaling = str | Divide

OPTIMIZERS = Variant(Choice(()), {"sgd": Sgd, "adam": Adam})
INITIALIZERS = Variant(
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
    {"normal": Normal},
)
