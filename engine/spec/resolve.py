"""Turn an experiment and a few facts about its data into one where nothing is "auto" any more.

Pure and stdlib only, so that a service can answer with the resolved specification before any array is loaded.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.experiment import Experiment, Layer, Split
from engine.spec.variants import RELU_FAMILY, Initializer, Scaling

__all__ = [
    "MAX_PARAMETERS",
    "TASKS",
    "DatasetFacts",
    "Resolved",
    "SpecWarning",
    "SplitRows",
    "layer_sizes",
    "resolve",
]

MAX_PARAMETERS = 10_000_000
TASKS = ("binary", "multiclass", "multilabel", "regression")

_LOSSES_OF_TASK = {
    "binary": ("binary_cross_entropy", "cross_entropy", "squared_error"),
    "multiclass": ("cross_entropy", "binary_cross_entropy", "squared_error"),
    "multilabel": ("binary_cross_entropy", "squared_error"),
    "regression": ("squared_error",),
}
_OUTPUTS_OF_LOSS = {
    "cross_entropy": ("softmax",),
    "binary_cross_entropy": ("sigmoid",),
    "squared_error": ("sigmoid", "identity"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """What resolving needs to know of a data set.

    ``rows`` are the rows to split, without the data set's own ``validation_rows`` and ``test_rows``.
    ``classes`` is None for regression; ``outputs`` counts target columns (1 but for multi-label and
    multi-target sets). ``scaling`` is what "auto" stands for.
    """

    task: str
    rows: int
    features: int
    classes: int | None
    outputs: int = 1
    scaling: Scaling = "standardize"
    validation_rows: int = 0
    test_rows: int = 0


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows of each split."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True)
class SpecWarning:
    """Something that is allowed and probably not meant."""

    code: str
    path: tuple[str | int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """An experiment ready to train: no "auto" left, its sizes known."""

    experiment: Experiment
    rows: SplitRows
    outputs: int
    parameters: int
    warnings: tuple[SpecWarning, ...]


def resolve(experiment: Experiment, facts: DatasetFacts) -> Resolved:
    """Resolve every "auto"; raises InvalidSpec with every problem that only the data reveals.

    Resolving a resolved experiment gives it back unchanged. The seed is left as it is.
    """
    problems = list(_incompatible(experiment, facts))
    if problems:
        raise InvalidSpec(problems)
    split = _resolve_split(experiment.split, facts)
    rows = _split_rows(split, facts)
    loss = experiment.loss if experiment.loss != "auto" else _LOSSES_OF_TASK[facts.task][0]
    output = experiment.output if experiment.output != "auto" else _default_output(loss, facts)
    outputs = _output_units(loss, facts)
    monitor = experiment.monitor if experiment.monitor != "auto" else _default_monitor(rows)
    resolved = dataclasses.replace(
        experiment,
        architecture=tuple(_resolve_layer(layer, experiment) for layer in experiment.architecture),
        init=_resolve_init(experiment.init, output),
        loss=loss,
        output=output,
        monitor=monitor,
        split=split,
        scaling=facts.scaling if experiment.scaling == "auto" else experiment.scaling,
    )
    problems = list(_impossible(resolved, rows, _parameters(resolved, facts.features, outputs)))
    if problems:
        raise InvalidSpec(problems)
    warnings = tuple(_warnings(experiment, resolved, rows))
    return Resolved(resolved, rows, outputs, _parameters(resolved, facts.features, outputs), warnings)


def layer_sizes(experiment: Experiment, features: int, outputs: int) -> tuple[int, ...]:
    """Units of every layer, input and output included."""
    return (features, *(layer.units for layer in experiment.architecture), outputs)


def _parameters(experiment: Experiment, features: int, outputs: int) -> int:
    sizes = layer_sizes(experiment, features, outputs)
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes))


def _resolve_layer(layer: Layer, experiment: Experiment) -> Layer:
    activation = layer.activation or experiment.activation
    init = _resolve_init(layer.init or experiment.init, activation)
    return dataclasses.replace(layer, activation=activation, init=init)


def _resolve_init(init: Initializer, activation: str) -> Initializer:
    if init != "auto":
        return init
    return "he_normal" if activation in RELU_FAMILY else "glorot_uniform"


def _default_output(loss: str, facts: DatasetFacts) -> str:
    if loss == "squared_error" and facts.task == "regression":
        return "identity"
    return _OUTPUTS_OF_LOSS[loss][0]


def _output_units(loss: str, facts: DatasetFacts) -> int:
    if facts.task == "multiclass" or (facts.task == "binary" and loss == "cross_entropy"):
        return facts.classes or 1
    return facts.outputs


def _default_monitor(rows: SplitRows) -> str:
    return "val_loss" if rows.validation else "train_loss"


def _resolve_split(split: Split, facts: DatasetFacts) -> Split:
    stratify = facts.task in {"binary", "multiclass"} if split.stratify == "auto" else split.stratify
    return dataclasses.replace(split, stratify=stratify, test=None if facts.test_rows else split.test)


def _split_rows(split: Split, facts: DatasetFacts) -> SplitRows:
    validation = _round_half_up(split.validation * facts.rows)
    test = facts.test_rows if split.test is None else _round_half_up(split.test * facts.rows)
    train = facts.rows - validation - (0 if split.test is None else test)
    return SplitRows(train if split.train_rows is None else min(split.train_rows, train), validation, test)


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5)


def _incompatible(experiment: Experiment, facts: DatasetFacts) -> Iterator[SpecProblem]:
    """Problems of the specification as it was given, before anything is resolved."""
    losses = _LOSSES_OF_TASK[facts.task]
    if experiment.loss not in {"auto", *losses}:
        message = f"{experiment.loss} does not fit a {facts.task} task; allowed: {', '.join(losses)}."
        yield SpecProblem(("loss",), "incompatible", message)
    if experiment.split.test is None and not facts.test_rows:
        message = (
            "null stands for a data set's own test rows and this one has none; give a fraction (0 for none)."
        )
        yield SpecProblem(("split", "test"), "incompatible", message)
    if experiment.label_noise and facts.task not in {"binary", "multiclass"}:
        message = f"Labels can be flipped for classification only; this is a {facts.task} task."
        yield SpecProblem(("label_noise",), "incompatible", message)
    if experiment.split.stratify is True and facts.task not in {"binary", "multiclass"}:
        message = f"Only classes can be stratified; this is a {facts.task} task."
        yield SpecProblem(("split", "stratify"), "incompatible", message)
    scores = ("r2", "mae") if facts.task == "regression" else ("accuracy",)
    if not experiment.monitor.endswith(("auto", "loss", "objective", *scores)):
        message = f"A {facts.task} task is scored by {' and '.join(scores)}, not by {experiment.monitor}."
        yield SpecProblem(("monitor",), "incompatible", message)


def _impossible(experiment: Experiment, rows: SplitRows, parameters: int) -> Iterator[SpecProblem]:
    """Problems that show once everything is resolved."""
    outputs = _OUTPUTS_OF_LOSS[experiment.loss]
    if experiment.output not in outputs:
        message = f"{experiment.loss} needs output {' or '.join(outputs)}, not {experiment.output}."
        yield SpecProblem(("output",), "incompatible", message)
    wanted = experiment.split.train_rows
    if rows.train < 1 or (wanted is not None and wanted > rows.train):
        message = f"This split leaves {rows.train} rows to train on."
        where = ("split",) if wanted is None else ("split", "train_rows")
        yield SpecProblem(where, "range", message)
    if experiment.monitor.startswith("val_") and not rows.validation:
        message = "There are no validation rows to monitor; use train_loss or a larger split.validation."
        yield SpecProblem(("monitor",), "incompatible", message)
    if parameters > MAX_PARAMETERS:
        message = f"The network has {parameters:,} parameters; at most {MAX_PARAMETERS:,} are allowed."
        yield SpecProblem(("architecture",), "too_large", message)


def _warnings(given: Experiment, resolved: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    if resolved.lambda_ and resolved.penalty == "none":
        yield SpecWarning("lambda_without_penalty", ("lambda",), "lambda has no effect without a penalty.")
    if resolved.penalty != "none" and not resolved.lambda_:
        yield SpecWarning("penalty_without_lambda", ("penalty",), "The penalty has no effect with lambda 0.")
    if resolved.patience is not None and resolved.patience >= resolved.max_epochs:
        message = "patience is not below max_epochs, so it can never stop the run."
        yield SpecWarning("patience_too_long", ("patience",), message)
    if resolved.batch_size > rows.train:
        message = (
            f"The batch is larger than the {rows.train} training rows: each epoch is one full-batch step."
        )
        yield SpecWarning("batch_exceeds_rows", ("batch_size",), message)
    if resolved.split.test is None and given.split.test not in {None, Split().test}:
        message = "The data set has its own test rows; they are used instead of split.test."
        yield SpecWarning("own_test_rows", ("split", "test"), message)
