"""Turn an experiment and a few facts about its data into one where nothing is "auto" any more.

Pure and stdlib only, so that a service can answer with the resolved specification before any array is loaded.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

from engine.errors import InvalidSpec
from engine.spec.activations import ActivationSpec, activation_traits
from engine.spec.advice import advice
from engine.spec.compatibility import impossible, incompatible
from engine.spec.experiment import Experiment, Layer
from engine.spec.facts import DatasetFacts, SplitRows
from engine.spec.groups import parts_of_groups, wanted_rows
from engine.spec.initializers import Given, Initializer, PerLayer
from engine.spec.lambda_units import GivenLambda, convert, meaningless
from engine.spec.losses import LOSSES, LOSSES_OF_TASK, LossSpec, loss_traits
from engine.spec.spec_warning import SpecWarning
from engine.spec.splits import AnySplit, DatasetSplit, OrderSplit, Split

__all__ = ["Resolved", "layer_sizes", "resolve"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """An experiment ready to train: no "auto" left, λ the textbook's, its sizes known.

    ``given_lambda`` is λ as it was given; None if that was the textbook's.
    """

    experiment: Experiment
    rows: SplitRows
    outputs: int
    parameters: int
    warnings: tuple[SpecWarning, ...]
    given_lambda: GivenLambda | None = None


def resolve(experiment: Experiment, facts: DatasetFacts) -> Resolved:
    """Resolve every "auto" and convert λ to the textbook's.

    Raises InvalidSpec with every problem that only the data reveals. Resolving a resolved experiment gives it back
    unchanged. The seed is left as it is.
    """
    problems = [*incompatible(experiment, facts), *meaningless(experiment)]
    if problems:
        raise InvalidSpec(problems)
    split = _resolve_split(experiment.split, facts)
    rows = _split_rows(split, facts)
    loss = experiment.loss if experiment.loss != "auto" else LOSSES.check(LOSSES_OF_TASK[facts.task][0])
    output = experiment.output if experiment.output != "auto" else _default_output(loss, facts)
    outputs = _output_units(loss, facts)
    layers, init = _resolve_layers(experiment)
    monitor = experiment.monitor if experiment.monitor != "auto" else _default_monitor(rows)
    resolved = dataclasses.replace(
        experiment,
        architecture=layers,
        init=init,
        loss=loss,
        output=output,
        monitor=monitor,
        split=split,
        scaling=facts.scaling if experiment.scaling == "auto" else experiment.scaling,
    )
    parameters = _parameters(resolved, facts.features, outputs)
    if problems := list(impossible(resolved, rows, parameters)):
        raise InvalidSpec(problems)
    resolved, given_lambda = convert(resolved, rows.train)
    warnings = tuple(advice(experiment, resolved, rows, facts, outputs))
    return Resolved(resolved, rows, outputs, parameters, warnings, given_lambda)


def layer_sizes(experiment: Experiment, features: int, outputs: int) -> tuple[int, ...]:
    """Units of every layer, input and output included."""
    return (features, *(layer.units for layer in experiment.architecture), outputs)


def _parameters(experiment: Experiment, features: int, outputs: int) -> int:
    sizes = layer_sizes(experiment, features, outputs)
    normalized = sum(layer.units for layer in experiment.architecture if layer.batch_norm)
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes)) + 2 * normalized


_OUTPUT = "identity"
"""Stands for every output activation: none of them is a rectifier."""


def _resolve_layers(
    experiment: Experiment,
) -> tuple[tuple[Layer, ...], Initializer | Given | PerLayer]:
    """The hidden layers with their activations and initializers, and ``init`` as what all layers got."""
    layers = tuple(
        dataclasses.replace(layer, activation=layer.activation or experiment.activation)
        for layer in experiment.architecture
    )
    init = experiment.init
    if isinstance(init, Given):
        return layers, init
    of_layers = init.layers if isinstance(init, PerLayer) else (init,) * (len(layers) + 1)
    drawn = [
        _resolve_init(layer.init or own, layer.activation or "identity")
        for layer, own in zip(layers, of_layers[:-1], strict=True)
    ]
    last = _resolve_init(of_layers[-1], _OUTPUT)
    resolved = tuple(dataclasses.replace(layer, init=own) for layer, own in zip(layers, drawn, strict=True))
    if all(own == last for own in drawn):
        return resolved, last
    return resolved, PerLayer(layers=(*drawn, last))


def _resolve_init(init: Initializer, activation: ActivationSpec) -> Initializer:
    if init != "auto":
        return init
    return "he_normal" if activation_traits(activation).is_rectifier else "glorot_uniform"


def _default_output(loss: LossSpec, facts: DatasetFacts) -> str:
    if facts.task == "regression":
        return "identity"
    return loss_traits(loss).outputs[0]


def _output_units(loss: LossSpec, facts: DatasetFacts) -> int:
    if facts.task == "multiclass" or (facts.task == "binary" and loss == "cross_entropy"):
        return facts.classes or 1
    return facts.outputs


def _default_monitor(rows: SplitRows) -> str:
    return "val_loss" if rows.validation else "train_loss"


def _resolve_split(split: AnySplit, facts: DatasetFacts) -> AnySplit:
    if isinstance(split, DatasetSplit):
        return split
    test = None if facts.test_rows else split.test
    if isinstance(split, OrderSplit):
        return dataclasses.replace(split, column=split.column or facts.order_column, test=test)
    by = split.by
    if by == "auto":
        by = "fractions" if facts.group_sizes is None else "groups"
    stratify = split.stratify
    if stratify == "auto":
        counted = by == "fractions" or facts.group_classes is not None
        stratify = counted and facts.task in {"binary", "multiclass"}
    return dataclasses.replace(split, by=by, stratify=stratify, test=test)


def _split_rows(split: AnySplit, facts: DatasetFacts) -> SplitRows:
    if isinstance(split, DatasetSplit):
        train, validation, test = facts.rows, facts.validation_rows, facts.test_rows
    else:
        taken = _taken_rows(split, facts)
        train = facts.rows - sum(taken.values())
        validation, test = taken["validation"], taken.get("test", facts.test_rows)
    return SplitRows(train if split.train_rows is None else min(split.train_rows, train), validation, test)


def _taken_rows(split: Split | OrderSplit, facts: DatasetFacts) -> dict[str, int]:
    """Rows of those parts that are taken from the rows there are to split."""
    grouping = None if isinstance(split, OrderSplit) else facts.grouping(split)
    if grouping is None or isinstance(split, OrderSplit):
        return wanted_rows(split, facts.rows)
    parts = parts_of_groups(split, grouping.sizes, grouping.classes)
    return {
        name: sum(grouping.sizes[group] for group in groups)
        for name, groups in parts.items()
        if name != "train"
    }
