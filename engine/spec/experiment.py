"""Specification of one experiment: checked on construction, never changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.errors import InvalidSpec
from engine.spec.activations import ACTIVATIONS, ActivationSpec
from engine.spec.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    LAYER_INITIALIZERS,
    Given,
    Initializer,
    PerLayer,
)
from engine.spec.losses import LOSSES, OUTPUTS, LossSpec
from engine.spec.metrics import MONITORS
from engine.spec.optimizers import OPTIMIZERS, Adam, Optimizer
from engine.spec.penalties import (
    L1_UPDATES,
    LAMBDA_CONVENTIONS,
    LAYER_PENALTIES,
    MAX_LAMBDA,
    PENALTIES,
    EffectivePenalty,
    LayerPenalty,
    effective,
)
from engine.spec.records import Record, Records
from engine.spec.rules import (
    Choice,
    Flag,
    Integer,
    Nullable,
    Real,
    check_fields,
    json_name,
    problem,
    rule,
)
from engine.spec.scaling import Scaling, ScalingRule
from engine.spec.schedules import SCHEDULES, Constant, Schedule
from engine.spec.splits import MAX_SEED, AnySplit, Split, SplitRule

__all__ = ["MAX_LAYERS", "MAX_UNITS", "Experiment", "Layer", "to_document"]

MAX_LAYERS = 32
MAX_UNITS = 65_536
MAX_CLASS_DIGITS = 6
_NORM = Real(above=0, maximum=1e12)


@dataclass(frozen=True, slots=True)
class ClassWeights:
    """``balanced``, or a weight for some classes by number: ``{"0": 1, "1": 5}``; the others weigh 1."""

    WEIGHT: ClassVar[Real] = Real(above=0, maximum=1e6)

    def check(self, value: Any) -> str | dict[str, float]:
        if isinstance(value, str):
            return Choice(("balanced",)).check(value)
        if not isinstance(value, Mapping):
            raise problem("type", 'Must be "balanced" or an object of weights by class.')
        weights = {}
        for label, weight in value.items():
            if not (isinstance(label, str) and label.isdecimal() and len(label) <= MAX_CLASS_DIGITS):
                raise problem("range", "Class keys are integers from 0.", str(label)[:80])
            try:
                weights[str(int(label))] = self.WEIGHT.check(weight)
            except InvalidSpec as error:
                raise InvalidSpec(found.below(label) for found in error.problems) from None
        return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A hidden layer; ``activation``, ``init`` and ``penalty`` of None mean the experiment's own."""

    units: int = field(metadata=rule(Integer(minimum=1, maximum=MAX_UNITS)))
    activation: ActivationSpec | None = field(default=None, metadata=rule(Nullable(ACTIVATIONS)))
    dropout: float = field(default=0.0, metadata=rule(Real(minimum=0, below=1)))
    batch_norm: bool = field(default=False, metadata=rule(Flag()))
    init: Initializer | None = field(default=None, metadata=rule(Nullable(LAYER_INITIALIZERS)))
    penalty: LayerPenalty | None = field(default=None, metadata=rule(Nullable(LAYER_PENALTIES)))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Settings of a training run besides the data; each has a default.

    Accepts the JSON forms of nested values (``architecture=[30]``, ``optimizer={"name": "adam"}``) and keeps
    the dataclasses. "auto" is decided by ``resolve``, a seed of None is drawn by ``train``. Raises InvalidSpec with
    every problem found. The fields are those of the REST API, whose documentation describes each.
    """

    architecture: tuple[Layer, ...] = field(
        default=(Layer(units=64),), metadata=rule(Records(Record(Layer), "units", MAX_LAYERS))
    )
    activation: ActivationSpec = field(default="relu", metadata=rule(ACTIVATIONS))
    penalty: str = field(default="none", metadata=rule(PENALTIES))
    lambda_: float = field(default=0.0, metadata=rule(Real(minimum=0, maximum=MAX_LAMBDA)))
    lambda_convention: str = field(default="textbook", metadata=rule(LAMBDA_CONVENTIONS))
    l1_ratio: float = field(default=0.5, metadata=rule(Real(minimum=0, maximum=1)))
    l1_update: str = field(default="proximal", metadata=rule(L1_UPDATES))
    init: Initializer | Given | PerLayer = field(default="auto", metadata=rule(INITIALIZERS))
    bias_init: Initializer | None = field(default=None, metadata=rule(Nullable(BIAS_INITIALIZERS)))
    patience: int | None = field(default=None, metadata=rule(Nullable(Integer(minimum=0, maximum=100_000))))
    monitor: str = field(default="auto", metadata=rule(Choice(("auto", *MONITORS))))
    min_delta: float = field(default=0.0, metadata=rule(Real(minimum=-1e12, maximum=1e12)))
    start_from_epoch: int = field(default=0, metadata=rule(Integer(minimum=0, maximum=100_000)))
    baseline: float | None = field(default=None, metadata=rule(Nullable(Real())))
    max_epochs: int = field(default=100, metadata=rule(Integer(minimum=1, maximum=100_000)))
    optimizer: Optimizer = field(default=Adam(learning_rate=0.005), metadata=rule(OPTIMIZERS))
    schedule: Schedule = field(default=Constant(), metadata=rule(SCHEDULES))
    clip_norm: float | None = field(default=None, metadata=rule(Nullable(_NORM)))
    max_norm: float | None = field(default=None, metadata=rule(Nullable(_NORM)))
    loss: LossSpec = field(default="auto", metadata=rule(LOSSES))
    output: str = field(default="auto", metadata=rule(OUTPUTS))
    scaling: Scaling = field(
        default="auto", metadata=rule(ScalingRule(Choice(("auto", "standardize", "none"))))
    )
    class_weight: str | dict[str, float] | None = field(default=None, metadata=rule(Nullable(ClassWeights())))
    label_smoothing: float = field(default=0.0, metadata=rule(Real(minimum=0, below=1)))
    input_dropout: float = field(default=0.0, metadata=rule(Real(minimum=0, below=1)))
    target_scaling: str = field(default="standardize", metadata=rule(Choice(("standardize", "none"))))
    batch_size: int = field(default=32, metadata=rule(Integer(minimum=1, maximum=1_000_000)))
    split: AnySplit = field(default=Split(), metadata=rule(SplitRule()))
    label_noise: float = field(default=0.0, metadata=rule(Real(minimum=0, maximum=1)))
    seed: int | None = field(default=None, metadata=rule(Nullable(Integer(minimum=0, maximum=MAX_SEED))))
    precision: str = field(default="float32", metadata=rule(Choice(("float32", "float64"))))

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Experiment:
        """Read the JSON form, in which ``lambda_`` is spelled ``lambda``; raises InvalidSpec."""
        experiment: Experiment = Record(cls).check(document)
        return experiment

    @property
    def penalties(self) -> tuple[EffectivePenalty, ...]:
        """What each layer is penalized by: its own penalty, or the experiment's. The output layer comes last."""
        common = effective(self.penalty, self.lambda_, self.l1_ratio)
        own = [layer.penalty for layer in self.architecture]
        return (*(common if each is None else EffectivePenalty.of(each) for each in own), common)


def to_document(record: Any) -> Any:
    """The JSON form of a specification or of any part of it; ``Record(kind).check`` reads it back."""
    if isinstance(record, tuple):
        return [to_document(item) for item in record]
    if not dataclasses.is_dataclass(record):
        return record
    parameters = {
        json_name(item): to_document(getattr(record, item.name)) for item in dataclasses.fields(record)
    }
    name = getattr(record, "name", None)
    return parameters if name is None else {"name": name, **parameters}
