"""The learning-rate schedules an experiment chooses from, by the number t of steps done, from 0.

``warmup_steps`` w puts a linear warm-up in front of any of them: η(t + 1)/w for t < w, then the schedule from its own
t = 0 on. A length of None stands for all steps that ``max_epochs`` leaves after the warm-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.spec.records import Variant
from engine.spec.rules import Choice, Integer, Integers, Nullable, Real, check_fields, rule

__all__ = [
    "SCHEDULES",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
    "MultiStep",
    "OneCycle",
    "Plateau",
    "Polynomial",
    "Schedule",
    "Step",
    "WarmupCosine",
]

_STEPS = Integer(minimum=1, maximum=1_000_000_000)
_WARMUP = Integer(minimum=0, maximum=1_000_000_000)
_GAMMA = Real(above=0, maximum=1)


def _warmup() -> Any:
    return field(default=0, metadata=rule(_WARMUP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The same rate for every step."""

    name: ClassVar[str] = "constant"
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``η γ^⌊t/step_size⌋`` (torch StepLR)."""

    name: ClassVar[str] = "step"
    step_size: int = field(default=1000, metadata=rule(_STEPS))
    gamma: float = field(default=0.1, metadata=rule(_GAMMA))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiStep:
    """``η γ^k``, k the number of milestones reached (torch MultiStepLR)."""

    name: ClassVar[str] = "multistep"
    milestones: tuple[int, ...] = field(default=(1000,), metadata=rule(Integers(_STEPS, 100)))
    gamma: float = field(default=0.1, metadata=rule(_GAMMA))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """``η γ^t`` (torch ExponentialLR)."""

    name: ClassVar[str] = "exponential"
    gamma: float = field(default=0.999, metadata=rule(_GAMMA))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseTime:
    """``η / (1 + decay·t)`` (Keras InverseTimeDecay)."""

    name: ClassVar[str] = "inverse_time"
    decay: float = field(default=0.001, metadata=rule(Real(minimum=0, maximum=1e6)))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polynomial:
    """``η (1 − min(t, N)/N)^power`` with N = ``total_steps`` (torch PolynomialLR)."""

    name: ClassVar[str] = "polynomial"
    total_steps: int | None = field(default=None, metadata=rule(Nullable(_STEPS)))
    power: float = field(default=1.0, metadata=rule(Real(above=0, maximum=100)))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """``m + (η − m)(1 + cos πt/period)/2``, m the smallest rate; periodic (torch CosineAnnealingLR)."""

    name: ClassVar[str] = "cosine"
    period: int | None = field(default=None, metadata=rule(Nullable(_STEPS)))
    min_learning_rate: float = field(default=0.0, metadata=rule(Real(minimum=0, maximum=1e9)))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCycle:
    """Up to η by cosine in the first 30 % of the steps, then down (torch OneCycleLR with its defaults).

    Starts at η/25 and ends at η/250,000. The momentum stays as it is.
    """

    name: ClassVar[str] = "one_cycle"
    total_steps: int | None = field(default=None, metadata=rule(Nullable(_STEPS)))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupCosine:
    """``η(t + 1)/w`` for t < w, then ``η(1 + cos π(t − w)/(T − w))/2``, T = ``total_steps``."""

    name: ClassVar[str] = "warmup_cosine"
    total_steps: int | None = field(default=None, metadata=rule(Nullable(_STEPS)))
    warmup_steps: int = field(default=100, metadata=rule(_WARMUP))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """The rate times ``factor`` after ``patience`` epochs without a better ``monitor`` (Keras ReduceLROnPlateau)."""

    name: ClassVar[str] = "plateau"
    factor: float = field(default=0.1, metadata=rule(Real(above=0, below=1)))
    patience: int = field(default=10, metadata=rule(Integer(minimum=0, maximum=100_000)))
    min_delta: float = field(default=1e-4, metadata=rule(Real(minimum=0, maximum=1e12)))
    cooldown: int = field(default=0, metadata=rule(Integer(minimum=0, maximum=100_000)))
    min_learning_rate: float = field(default=0.0, metadata=rule(Real(minimum=0, maximum=1e9)))
    warmup_steps: int = _warmup()

    def __post_init__(self) -> None:
        check_fields(self)


Schedule = (
    Constant
    | Step
    | MultiStep
    | Exponential
    | InverseTime
    | Polynomial
    | Cosine
    | OneCycle
    | WarmupCosine
    | Plateau
)

SCHEDULES = Variant(
    Choice(()),
    {
        kind.name: kind
        for kind in (
            Constant,
            Step,
            MultiStep,
            Exponential,
            InverseTime,
            Polynomial,
            Cosine,
            OneCycle,
            WarmupCosine,
            Plateau,
        )
    },
)
