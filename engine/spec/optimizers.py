"""The optimizers an experiment chooses from: torch.optim's update forms and defaults.

Besides its parameters each says what the estimate, the advice and the stacks need to know of it:

- ``structural``: parameters whose being zero or not decides which operations run;
- ``largest_rate``: the learning rate from which a step destroys what was learned. Steps of all optimizers but SGD are
  about as long as the rate, whatever the gradient, and initial weights are smaller than 1. With momentum, η/(1 − μ)
  counts;
- ``calls``: NumPy calls of a step on a block, and ``calls_per_layer`` for each layer's weights, penalties apart;
- ``moments``: arrays of the parameters' length that it keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.spec.records import Variant
from engine.spec.rules import Choice, Flag, Real, check_fields, problem, rule

__all__ = ["OPTIMIZERS", "Adagrad", "Adam", "AdamW", "Optimizer", "RmsProp", "Sgd"]

_RATE = Real(above=0, maximum=1e9)
_SHARE = Real(minimum=0, below=1)
_EPSILON = Real(above=0, maximum=1)


def _default(value: Any, bounds: Real) -> Any:
    return field(default=value, metadata=rule(bounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sgd:
    """Stochastic gradient descent; with momentum μ: ``v ← μv + g``, ``w ← w − ηv`` (torch.optim.SGD).

    ``nesterov`` takes the look-ahead step ``w ← w − η(g + μv)`` and needs momentum.
    """

    name: ClassVar[str] = "sgd"
    structural: ClassVar[tuple[str, ...]] = ("momentum", "nesterov")
    largest_rate: ClassVar[float] = 50.0
    calls_per_layer: ClassVar[int] = 0
    learning_rate: float = _default(0.1, _RATE)
    momentum: float = _default(0.0, _SHARE)
    nesterov: bool = field(default=False, metadata=rule(Flag()))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.nesterov and not self.momentum:
            raise problem("incompatible", "Nesterov's step needs a momentum greater than 0.", "nesterov")

    @property
    def calls(self) -> int:
        """One, and three more with momentum, five with Nesterov's."""
        return 1 + (5 if self.nesterov else 3 if self.momentum else 0)

    @property
    def moments(self) -> int:
        """The velocity."""
        return int(self.momentum > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adagrad:
    """Adagrad (Duchi et al. 2011): steps divided by the root of the sum of squared gradients (torch.optim.Adagrad)."""

    name: ClassVar[str] = "adagrad"
    structural: ClassVar[tuple[str, ...]] = ()
    largest_rate: ClassVar[float] = 2.0
    calls_per_layer: ClassVar[int] = 0
    calls: ClassVar[int] = 7
    moments: ClassVar[int] = 1
    learning_rate: float = _default(0.01, _RATE)
    epsilon: float = _default(1e-10, _EPSILON)

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RmsProp:
    """RMSProp (Tieleman & Hinton 2012): steps divided by the root of the mean square (torch.optim.RMSprop).

    ``rho`` is torch's ``alpha``; ``centered`` takes the variance instead of the mean square.
    """

    name: ClassVar[str] = "rmsprop"
    structural: ClassVar[tuple[str, ...]] = ("momentum", "centered")
    largest_rate: ClassVar[float] = 0.5
    calls_per_layer: ClassVar[int] = 0
    learning_rate: float = _default(0.01, _RATE)
    rho: float = _default(0.99, _SHARE)
    epsilon: float = _default(1e-8, _EPSILON)
    centered: bool = field(default=False, metadata=rule(Flag()))
    momentum: float = _default(0.0, _SHARE)

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def calls(self) -> int:
        """Those of the mean square, six more to center it, two more with momentum."""
        return 9 + 6 * self.centered + 2 * (self.momentum > 0)

    @property
    def moments(self) -> int:
        """The mean square, the mean and the velocity."""
        return 1 + self.centered + (self.momentum > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam:
    """Adam (Kingma & Ba 2015) with bias correction, ε outside the root (torch.optim.Adam)."""

    name: ClassVar[str] = "adam"
    structural: ClassVar[tuple[str, ...]] = ()
    largest_rate: ClassVar[float] = 0.5
    calls_per_layer: ClassVar[int] = 0
    calls: ClassVar[int] = 10
    moments: ClassVar[int] = 2
    learning_rate: float = _default(0.001, _RATE)
    beta1: float = _default(0.9, _SHARE)
    beta2: float = _default(0.999, _SHARE)
    epsilon: float = _default(1e-8, _EPSILON)

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019; torch.optim.AdamW); biases do not decay.

    ``weight_decay`` is no penalty: it is not part of the objective and not an equivalent of any λ.
    """

    name: ClassVar[str] = "adamw"
    structural: ClassVar[tuple[str, ...]] = ()
    largest_rate: ClassVar[float] = 0.5
    calls_per_layer: ClassVar[int] = 1
    calls: ClassVar[int] = 10
    moments: ClassVar[int] = 2
    learning_rate: float = _default(0.001, _RATE)
    beta1: float = _default(0.9, _SHARE)
    beta2: float = _default(0.999, _SHARE)
    epsilon: float = _default(1e-8, _EPSILON)
    weight_decay: float = _default(0.01, Real(minimum=0, maximum=1e6))

    def __post_init__(self) -> None:
        check_fields(self)


Optimizer = Sgd | Adagrad | RmsProp | Adam | AdamW

OPTIMIZERS = Variant(Choice(()), {kind.name: kind for kind in (Sgd, Adagrad, RmsProp, Adam, AdamW)})
