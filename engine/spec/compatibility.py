"""Compatibility of task, loss, output and split; every problem names its place."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from engine.errors import SpecProblem, did_you_mean
from engine.spec.experiment import Experiment
from engine.spec.facts import DatasetFacts, SplitRows
from engine.spec.groups import groups_needed
from engine.spec.initializers import Given, PerLayer
from engine.spec.losses import LOSSES_OF_TASK, loss_traits
from engine.spec.metrics import METRICS, scores_of
from engine.spec.records import variant_name
from engine.spec.splits import AnySplit, DatasetSplit, OrderSplit, Split

__all__ = ["MAX_PARAMETERS", "impossible", "incompatible"]

MAX_PARAMETERS = 10_000_000
_MOST_NAMED = 20


def incompatible(experiment: Experiment, facts: DatasetFacts) -> Iterator[SpecProblem]:
    """Problems of the specification as it was given, before anything is resolved."""
    losses = LOSSES_OF_TASK[facts.task]
    if (loss := variant_name(experiment.loss)) not in {"auto", *losses}:
        message = f"{loss} is not a loss for a {facts.task} task; allowed: {', '.join(losses)}."
        yield SpecProblem(("loss",), "incompatible", message)
    yield from _impossible_split(experiment.split, facts)
    if isinstance(experiment.init, Given):
        yield from _beside_given(experiment)
    if isinstance(experiment.init, PerLayer):
        yield from _beside_per_layer(experiment, experiment.init)
    if experiment.label_noise and facts.task not in {"binary", "multiclass"}:
        message = f"Label noise needs a classification task; this is a {facts.task} task."
        yield SpecProblem(("label_noise",), "incompatible", message)
    if experiment.class_weight is not None and facts.task not in {"binary", "multiclass"}:
        message = f"Class weights need a classification task; this is a {facts.task} task."
        yield SpecProblem(("class_weight",), "incompatible", message)
    if isinstance(experiment.class_weight, dict):
        for label in experiment.class_weight:
            if int(label) >= (facts.classes or 0):
                message = f"The data set has the classes 0 to {(facts.classes or 1) - 1}."
                yield SpecProblem(("class_weight", label), "range", message)
    if experiment.monitor != "auto" and facts.task not in METRICS[experiment.monitor].tasks:
        scores = ", ".join(scores_of(facts.task))
        message = f"A {facts.task} task can be monitored by {scores}, not by {experiment.monitor}."
        yield SpecProblem(("monitor",), "incompatible", message)


def _impossible_split(split: AnySplit, facts: DatasetFacts) -> Iterator[SpecProblem]:
    if isinstance(split, DatasetSplit):
        if not facts.validation_rows and not facts.test_rows:
            message = (
                f"The data set has no predefined validation or test rows, only {facts.rows:,} rows to "
                'split; use "fractions".'
            )
            yield SpecProblem(("split", "by"), "incompatible", message)
        return
    if split.test is None and not facts.test_rows:
        message = (
            "null stands for a data set's predefined test rows, and this one has none; give a fraction (0 "
            "for none)."
        )
        yield SpecProblem(("split", "test"), "incompatible", message)
    if isinstance(split, OrderSplit):
        if split.column is not None and split.column not in facts.order_columns:
            yield SpecProblem(
                ("split", "column"), "incompatible", _no_order(split.column, facts.order_columns)
            )
        return
    if split.stratify is True and facts.task not in {"binary", "multiclass"}:
        message = f"Stratification needs a classification task; this is a {facts.task} task."
        yield SpecProblem(("split", "stratify"), "incompatible", message)
    if split.keep_duplicates_together and facts.copies is None:
        message = (
            "This data set was read before duplicate rows were detected; upload it again, or omit the field."
        )
        yield SpecProblem(("split", "keep_duplicates_together"), "incompatible", message)
        return
    if split.by == "groups" or (split.by == "auto" and facts.group_sizes is not None):
        yield from _impossible_groups(dataclasses.replace(split, by="groups"), facts)
    elif split.keep_duplicates_together:
        yield from _too_few(split, facts, "different rows")


def _no_order(column: str, known: tuple[str, ...]) -> str:
    some = ", ".join(json.dumps(name, ensure_ascii=False) for name in known[:_MOST_NAMED])
    there = (
        f"those are {some}{', …' if len(known) > _MOST_NAMED else ''}" if known else "this data set has none"
    )
    return (
        f"Rows can be ordered by numeric columns without missing values; {there}. For a column of dates, "
        f'set the option "order" when uploading the data set.{did_you_mean(column, known[:1000])}'
    )


def _impossible_groups(split: Split, facts: DatasetFacts) -> Iterator[SpecProblem]:
    """The reason why the rows cannot be divided into whole groups."""
    if facts.group_sizes is None:
        message = 'The data set has no groups; upload it with a "group" column, or use "fractions".'
        yield SpecProblem(("split", "by"), "incompatible", message)
        return
    if split.stratify is True and facts.group_classes is None and facts.task in {"binary", "multiclass"}:
        message = (
            "This data set was read before classes were counted by group; upload it again, or omit the field."
        )
        yield SpecProblem(("split", "stratify"), "incompatible", message)
    yield from _too_few(split, facts, "groups")


def _too_few(split: Split, facts: DatasetFacts, what: str) -> Iterator[SpecProblem]:
    """A problem where some part could have no group."""
    grouping = facts.grouping(split)
    groups = facts.rows if grouping is None else len(grouping.sizes)
    if groups < (needed := groups_needed(split, facts.rows)):
        rows = ', or split it row by row with "by": "fractions"' if what == "groups" else ""
        message = (
            f"Needs {needed} {what}, one for each split, and the data set has {groups}; use fewer "
            f"splits{rows}."
        )
        yield SpecProblem(("split",), "range", message)


def _beside_given(experiment: Experiment) -> Iterator[SpecProblem]:
    """A checkpoint gives all weights and biases, so nothing else can."""
    if experiment.bias_init is not None:
        message = "The checkpoint in init provides the biases; omit bias_init."
        yield SpecProblem(("bias_init",), "incompatible", message)
    for place, layer in enumerate(experiment.architecture):
        if layer.init is not None:
            message = "The checkpoint in init provides the weights of every layer; omit this field."
            yield SpecProblem(("architecture", place, "init"), "incompatible", message)


def _beside_per_layer(experiment: Experiment, init: PerLayer) -> Iterator[SpecProblem]:
    """Each layer has one initializer, said once or twice the same."""
    layers = experiment.architecture
    if len(init.layers) != len(layers) + 1:
        message = (
            f"Has {len(init.layers)} layers, and the network has {len(layers) + 1}, including the output "
            'layer. Give one initializer per layer, or one for all, such as "auto".'
        )
        yield SpecProblem(("init", "layers"), "incompatible", message)
        return
    for place, (layer, own) in enumerate(zip(layers, init.layers[:-1], strict=True)):
        if layer.init not in {None, own} and "auto" not in {layer.init, own}:
            message = "init.layers sets another initializer for this layer; omit one of the two."
            yield SpecProblem(("architecture", place, "init"), "incompatible", message)


def impossible(experiment: Experiment, rows: SplitRows, parameters: int) -> Iterator[SpecProblem]:
    """Problems that show once everything is resolved."""
    loss = variant_name(experiment.loss)
    traits = loss_traits(experiment.loss)
    if experiment.output not in traits.outputs:
        message = f"{loss} needs output {' or '.join(traits.outputs)}, not {experiment.output}."
        yield SpecProblem(("output",), "incompatible", message)
    if experiment.label_smoothing and not traits.can_smooth:
        message = f"Label smoothing needs a cross-entropy loss, not {loss}."
        yield SpecProblem(("label_smoothing",), "incompatible", message)
    wanted = experiment.split.train_rows
    if rows.train < 1 or (wanted is not None and wanted > rows.train):
        message = f"This split leaves {max(0, rows.train)} training rows."
        where = ("split",) if wanted is None else ("split", "train_rows")
        yield SpecProblem(where, "range", message)
    if METRICS[experiment.monitor].part == "val" and not rows.validation:
        larger = "" if isinstance(experiment.split, DatasetSplit) else " or a larger split.validation"
        message = f"There are no validation rows to monitor; use train_loss{larger}."
        yield SpecProblem(("monitor",), "incompatible", message)
    if parameters > MAX_PARAMETERS:
        message = f"The network has {parameters:,} parameters; at most {MAX_PARAMETERS:,} are allowed."
        yield SpecProblem(("architecture",), "too_large", message)
