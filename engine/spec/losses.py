"""The losses an experiment chooses from, and what is known of each: its tasks, its outputs, its best constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.spec.records import Variant, variant_name
from engine.spec.rules import Choice, Real, check_fields, rule

__all__ = [
    "LOSSES",
    "LOSSES_OF_TASK",
    "OUTPUTS",
    "OUTPUTS_OF_LOSS",
    "TASKS",
    "TRAITS",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "Huber",
    "LossSpec",
    "LossTraits",
    "SquaredError",
    "loss_traits",
]

OUTPUTS = Choice(("auto", "softmax", "sigmoid", "identity"))
REDUCTIONS = Choice(("sum", "mean"))


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


LossSpec = str | BinaryCrossEntropy | SquaredError | AbsoluteError | Huber


@dataclass(frozen=True, slots=True, kw_only=True)
class LossTraits:
    """What goes together with a loss, and how it compares."""

    tasks: tuple[str, ...]
    outputs: tuple[str, ...]
    """Output activations it is computed through, the usual one of classification first."""
    can_smooth: bool
    """Whether targets are probabilities, which ``label_smoothing`` can move."""
    constants: tuple[str, ...]
    """Where the best constant answer is: ``mean``, ``median``, or between the two."""
    averaged_by: tuple[str, ...]
    """Tools that average it over the outputs."""
    kind: type[Any] | None = None
    """Its dataclass, None for a loss without parameters."""


_KERAS_AND_TORCH = ("keras", "pytorch")

TRAITS = {
    "binary_cross_entropy": LossTraits(
        kind=BinaryCrossEntropy,
        tasks=("binary", "multiclass", "multilabel"),
        outputs=("sigmoid",),
        can_smooth=True,
        constants=("mean",),
        averaged_by=_KERAS_AND_TORCH,
    ),
    "cross_entropy": LossTraits(
        tasks=("binary", "multiclass"),
        outputs=("softmax",),
        can_smooth=True,
        constants=("mean",),
        averaged_by=(),
    ),
    "squared_error": LossTraits(
        kind=SquaredError,
        tasks=("binary", "multiclass", "multilabel", "regression"),
        outputs=("sigmoid", "identity"),
        can_smooth=False,
        constants=("mean",),
        averaged_by=("keras", "pytorch", "sklearn"),
    ),
    "mean_squared_error": LossTraits(
        tasks=("regression",),
        outputs=("identity",),
        can_smooth=False,
        constants=("mean",),
        averaged_by=(),
    ),
    "absolute_error": LossTraits(
        kind=AbsoluteError,
        tasks=("regression",),
        outputs=("identity",),
        can_smooth=False,
        constants=("median",),
        averaged_by=_KERAS_AND_TORCH,
    ),
    "huber": LossTraits(
        kind=Huber,
        tasks=("regression",),
        outputs=("identity",),
        can_smooth=False,
        constants=("mean", "median"),
        averaged_by=_KERAS_AND_TORCH,
    ),
}

LOSSES = Variant(
    Choice(("auto", *(name for name, traits in TRAITS.items() if traits.kind is None))),
    {name: traits.kind for name, traits in TRAITS.items() if traits.kind is not None},
)

_DEFAULTS = {
    "binary": "binary_cross_entropy",
    "multiclass": "cross_entropy",
    "multilabel": "binary_cross_entropy",
    "regression": "squared_error",
}
TASKS = tuple(_DEFAULTS)
LOSSES_OF_TASK = {
    task: (default, *(name for name, each in TRAITS.items() if task in each.tasks and name != default))
    for task, default in _DEFAULTS.items()
}
"""The losses of each task; ``auto`` is the first."""
OUTPUTS_OF_LOSS = {name: traits.outputs for name, traits in TRAITS.items()}


def loss_traits(loss: LossSpec) -> LossTraits:
    """What is known of a loss."""
    return TRAITS[variant_name(loss)]
