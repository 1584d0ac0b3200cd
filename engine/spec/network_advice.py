"""Advice on the network and its targets: layers that cannot learn, and settings without effect."""

from __future__ import annotations

from collections.abc import Iterator

from engine.spec.experiment import Experiment
from engine.spec.facts import DatasetFacts, SplitRows
from engine.spec.initializers import Given, PerLayer
from engine.spec.losses import Huber
from engine.spec.records import variant_name
from engine.spec.schedule_advice import is_scaled
from engine.spec.spec_warning import Path, SpecWarning
from engine.spec.splits import DatasetSplit, OrderSplit

__all__ = ["network_advice"]

_SMALLEST_NORM, _LARGEST_NORM = 1e-3, 1e6
"""Norm bounds below which a network of scaled data cannot express anything, and above which they have no
effect.
"""


_MOST = 0.5
"""Share of rows without any unit left from which dropout counts as too strong."""
_LARGEST_DELTA = 1000.0
"""Huber's δ that no error of standardized targets exceeds."""


def network_advice(
    given: Experiment, resolved: Experiment, rows: SplitRows, facts: DatasetFacts, outputs: int
) -> Iterator[SpecWarning]:
    """Warnings about ``architecture`` and the fields that act on layers, labels and targets."""
    yield from _sizes(resolved, facts, outputs)
    yield from _zeros(given, resolved)
    yield from _overruled_init(given)
    yield from _layers(resolved, rows, facts)
    yield from _l1(resolved)
    yield from _norms(resolved)
    yield from _labels(resolved, rows, facts)
    yield from _empty_parts(given, rows)
    yield from _unused_seed(resolved)


def _sizes(resolved: Experiment, facts: DatasetFacts, outputs: int) -> Iterator[SpecWarning]:
    """Lists of every layer's units, input and output included, where hidden layers are wanted."""
    units = [layer.units for layer in resolved.architecture]
    ends = {outputs, facts.classes}
    repeated = len(units) >= 3 and units[0] == facts.features and units[-1] in ends
    if repeated or (len(units) >= 2 and units[-1] == outputs == 1):
        hidden = units[1:-1] if units[0] == facts.features and len(units) >= 3 else units[:-1]
        message = (
            f"architecture lists hidden layers only; the {facts.features} features and the "
            f"{'output' if outputs == 1 else f'{outputs} outputs'} are added automatically. As it stands "
            f"the network is {'-'.join(map(str, [facts.features, *units, outputs]))}; {hidden} may be "
            "intended."
        )
        yield SpecWarning("layers_repeat_ends", ("architecture",), message)


def _zeros(given: Experiment, resolved: Experiment) -> Iterator[SpecWarning]:
    """Hidden layers whose weights and biases are all 0, so that their units are all alike."""
    if isinstance(resolved.init, Given) or resolved.bias_init not in {None, "zeros"}:
        return
    layers = resolved.architecture
    found = [place for place, layer in enumerate(layers) if layer.init == "zeros"]
    everywhere = len(found) == len(layers) and resolved.init == "zeros"
    for place in found[:1] if everywhere else found:
        if variant_name(layers[place].activation) == "relu":
            why = "all its units are inactive, so their weights stay 0"
        else:
            why = "its units start identical and, if the next layer's do too, stay identical"
        path: Path = ("init",) if everywhere else ("architecture", place, "init")
        if isinstance(given.init, PerLayer) and given.architecture[place].init is None:
            path = ("init", "layers", place)
        message = (
            f"All weights and biases of hidden layer {place + 1} start as 0: {why}. Use a random initializer."
        )
        yield SpecWarning("zero_hidden_weights", path, message)


def _overruled_init(given: Experiment) -> Iterator[SpecWarning]:
    """An initializer for all layers where each hidden layer names another one."""
    init, layers = given.init, given.architecture
    if init == "auto" or isinstance(init, (Given, PerLayer)) or not layers:
        return
    if all(layer.init not in {None, init} for layer in layers):
        message = (
            "Every hidden layer has its own initializer, so this one applies to the output layer only. "
            "Omit the layers' own to use it everywhere."
        )
        yield SpecWarning("init_reaches_output_only", ("init",), message)


def _layers(resolved: Experiment, rows: SplitRows, facts: DatasetFacts) -> Iterator[SpecWarning]:
    layers = resolved.architecture
    if any(layer.batch_norm for layer in layers) and min(resolved.batch_size, rows.train) == 1:
        field, cure = ("split", "more training rows") if rows.train == 1 else ("batch_size", "larger batches")
        message = (
            "A batch of one row has no variance, so batch normalization uses its running statistics, "
            f"which never change: nothing is normalized. Use {cure}."
        )
        yield SpecWarning("batch_norm_without_batches", (field,), message)
    if resolved.activation != "relu" and all(layer.activation != resolved.activation for layer in layers):
        what = "every hidden layer has an activation of its own" if layers else "there is no hidden layer"
        yield SpecWarning("activation_without_effect", ("activation",), f"activation has no effect: {what}.")
    sizes: list[tuple[Path, float, int, str]] = [
        (("input_dropout",), resolved.input_dropout, facts.features, "feature")
    ]
    sizes += [
        (("architecture", place, "dropout"), layer.dropout, layer.units, "unit")
        for place, layer in enumerate(layers)
    ]
    for path, share, count, what in sizes:
        if (nothing := share**count) > _MOST:
            message = (
                f"Of {count} {what}{'' if count == 1 else 's'}, dropout leaves {count * (1 - share):.2g} "
                f"on average; in {nothing:.0%} of the cases it leaves none."
            )
            yield SpecWarning("dropout_too_large", path, message)


def _l1(resolved: Experiment) -> Iterator[SpecWarning]:
    """Options of penalties that are not there."""
    if resolved.l1_ratio != 0.5 and resolved.penalty != "elastic_net":
        message = f"l1_ratio has no effect with penalty {resolved.penalty}; it only applies to elastic_net."
        yield SpecWarning("l1_ratio_without_elastic_net", ("l1_ratio",), message)
    if resolved.l1_update == "proximal":
        return
    if not any(penalty.l1 for penalty in resolved.penalties):
        message = "l1_update has no effect: no layer has an L1 penalty with a λ above 0."
        yield SpecWarning("l1_update_without_l1", ("l1_update",), message)


def _norms(resolved: Experiment) -> Iterator[SpecWarning]:
    """Bounds on norms that leave nothing, or hold nothing."""
    if not is_scaled(resolved):
        return
    normalized = any(layer.batch_norm for layer in resolved.architecture)
    for name, value in (("clip_norm", resolved.clip_norm), ("max_norm", resolved.max_norm)):
        if value is None:
            continue
        if value >= _LARGEST_NORM:
            message = f"A {name} of {value:g} never acts before the training has diverged."
            yield SpecWarning("norm_without_effect", (name,), message)
        elif name == "max_norm" and value <= _SMALLEST_NORM and not normalized:
            message = (
                f"Units whose weights have a norm of at most {value:g} produce next to nothing from scaled "
                "data."
            )
            yield SpecWarning("norm_too_small", (name,), message)


def _labels(resolved: Experiment, rows: SplitRows, facts: DatasetFacts) -> Iterator[SpecWarning]:
    noise, classes = resolved.label_noise, facts.classes or 0
    if classes > 1 and noise >= (classes - 1) / classes:
        message = (
            f"A flipped label is always another class: with {classes} classes, labels no longer indicate "
            f"the right one from {(classes - 1) / classes:.3g} on. Use less."
        )
        yield SpecWarning("label_noise_too_large", ("label_noise",), message)
    # Labels are flipped before train_rows cuts.
    whole, split = facts.rows, resolved.split
    if not isinstance(split, DatasetSplit):
        whole -= rows.validation + (0 if split.test is None else rows.test)
    if noise and noise * whole < 0.5:
        message = f"{noise:g} of {whole:,} training rows is less than half a row: no label is flipped."
        yield SpecWarning("label_noise_without_effect", ("label_noise",), message)
    if isinstance(resolved.loss, Huber) and resolved.loss.delta >= _LARGEST_DELTA and is_scaled(resolved):
        message = (
            f"Errors in standard deviations stay below {resolved.loss.delta:g}, so this equals the squared "
            "error."
        )
        yield SpecWarning("delta_without_effect", ("loss", "delta"), message)
    yield from _equal_weights(resolved, classes)
    if facts.task != "regression" and resolved.target_scaling == "none":
        message = "target_scaling has no effect on classes; it applies to regression targets."
        yield SpecWarning("target_scaling_without_effect", ("target_scaling",), message)


def _equal_weights(resolved: Experiment, classes: int) -> Iterator[SpecWarning]:
    """Weights of classes that are all the same."""
    if not isinstance(given := resolved.class_weight, dict):
        return
    weights = set(given.values()) | ({1.0} if len(given) < classes else set())
    if weights <= {1.0}:
        message = "A class without a weight has weight 1, so these weights have no effect."
    elif len(weights) == 1:
        message = (
            f"All {classes} classes have weight {next(iter(weights)):g}, so none counts more than another: "
            "only the training loss is multiplied."
        )
    else:
        return
    yield SpecWarning("class_weight_without_effect", ("class_weight",), message)


def _unused_seed(resolved: Experiment) -> Iterator[SpecWarning]:
    """A seed of a split that draws nothing."""
    split = resolved.split
    drawn = resolved.label_noise or split.train_rows is not None
    if isinstance(split, (DatasetSplit, OrderSplit)) and split.seed and not drawn:
        message = (
            f'split.seed has no effect: "by": "{split.by}" draws nothing without train_rows or '
            "label_noise. The experiment's own seed draws weights and batches."
        )
        yield SpecWarning("split_seed_without_effect", ("split", "seed"), message)


def _empty_parts(given: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    """Parts that are asked for and get no row."""
    if isinstance(given.split, DatasetSplit):
        return
    for name, share, count in (
        ("validation", given.split.validation, rows.validation),
        ("test", given.split.test, rows.test),
    ):
        if share and not count:
            message = f"{share:g} of the rows is less than half a row: there are no {name} rows."
            yield SpecWarning("part_without_rows", ("split", name), message)
