"""Warnings about a resolved experiment: valid settings that are probably not intended."""

from __future__ import annotations

from collections.abc import Iterator

from engine.spec.experiment import Experiment
from engine.spec.facts import DatasetFacts, SplitRows
from engine.spec.network_advice import network_advice
from engine.spec.optimizers import Sgd
from engine.spec.penalties import EffectivePenalty
from engine.spec.schedule_advice import is_scaled, schedule_advice
from engine.spec.spec_warning import Path, SpecWarning
from engine.spec.splits import DatasetSplit, Split
from engine.spec.stopping_advice import stopping_advice

__all__ = ["STRONGEST_L1", "STRONGEST_L2", "WEAKEST", "SpecWarning", "advice"]

STRONGEST_L1, STRONGEST_L2 = 1.0, 10.0
"""λ/n above which a penalty leaves next to nothing to learn.

L1: at w = 0 the mean loss has no gradient longer than 1 by the weight of a standardized feature, so zeros are
the minimum of a linear model. L2: the weight of a standardized feature that is independent of the others ends
at 1/(1 + λ/n) of its least squares value at most, and hidden layers shrink one another.
"""
WEAKEST = 1e-7
"""λ/n below which a penalty changes nothing: where Σw² is 1,000 it adds 5e-5 to the loss."""


def advice(
    given: Experiment, resolved: Experiment, rows: SplitRows, facts: DatasetFacts, outputs: int
) -> Iterator[SpecWarning]:
    """Every warning about an experiment, as it was given and as it was resolved."""
    yield from _penalty(given, resolved, rows)
    yield from stopping_advice(resolved, rows)
    yield from schedule_advice(resolved, rows)
    yield from network_advice(given, resolved, rows, facts, outputs)
    yield from _parts(given, resolved, facts)


def _parts(given: Experiment, resolved: Experiment, facts: DatasetFacts) -> Iterator[SpecWarning]:
    """Parts that are not what they seem."""
    if facts.group_sizes is not None and resolved.split.by in {"fractions", "order"}:
        message = (
            "Rows of one group are spread over several splits, so validation and test rows are easier "
            "than a new group."
        )
        yield SpecWarning("groups_in_several_parts", ("split", "by"), message)
    if facts.order_column is not None and isinstance(resolved.split, Split):
        message = (
            f"The data set has an order column, {facts.order_column}, but rows are split without it: "
            'validation and test rows are not later than training rows. Set "by": "order" to split by '
            "it."
        )
        yield SpecWarning("order_unused", ("split", "by"), message)
    if facts.validation_rows and not isinstance(resolved.split, DatasetSplit):
        message = (
            f"The data set has {facts.validation_rows:,} predefined validation rows, which are unused; "
            '"by": "dataset" uses them.'
        )
        yield SpecWarning("own_validation_rows", ("split", "by"), message)
    own_test = not isinstance(resolved.split, DatasetSplit) and resolved.split.test is None
    if (
        own_test
        and not isinstance(given.split, DatasetSplit)
        and given.split.test not in {None, Split().test}
    ):
        message = "The data set has its own test rows; they are used instead of split.test."
        yield SpecWarning("own_test_rows", ("split", "test"), message)


def _penalty(given: Experiment, resolved: Experiment, rows: SplitRows) -> Iterator[SpecWarning]:
    if given.lambda_ and resolved.penalty == "none":
        yield SpecWarning("lambda_without_penalty", ("lambda",), "lambda has no effect without a penalty.")
    own = any(getattr(layer.penalty, "lambda_", 0) for layer in given.architecture)
    if given.lambda_convention != "textbook" and not given.lambda_ and not own:
        message = "lambda_convention has no effect: no λ is above 0."
        yield SpecWarning("convention_without_lambda", ("lambda_convention",), message)
    if resolved.penalty != "none" and not resolved.lambda_:
        yield SpecWarning("penalty_without_lambda", ("penalty",), "The penalty has no effect with lambda 0.")
    for path, l1, l2 in _strengths(resolved, rows.train):
        yield from _useless(path, l1, l2, resolved, rows.train)
        yield from _unstable(path, l2, resolved)


def _strengths(resolved: Experiment, rows: int) -> Iterator[tuple[Path, float, float]]:
    """The place of every λ that is not 0, and its parts of L1 and L2 divided by n."""
    penalties = resolved.penalties
    found: list[tuple[Path, EffectivePenalty]] = [(("lambda",), penalties[-1])]
    found += [
        (("architecture", place, "penalty", "lambda"), penalties[place])
        for place, layer in enumerate(resolved.architecture)
        if layer.penalty is not None
    ]
    for path, penalty in found:
        if penalty.lambda_:
            yield path, penalty.l1 / rows, penalty.l2 / rows


def _useless(path: Path, l1: float, l2: float, resolved: Experiment, rows: int) -> Iterator[SpecWarning]:
    """A penalty that decides everything, or nothing."""
    divided = f"λ/n = {l1 + l2:.3g} for n = {rows:,} training rows"
    if (l1 >= STRONGEST_L1 or l2 >= STRONGEST_L2) and is_scaled(resolved):
        message = f"{divided} is so large that the penalty dominates and little else is minimized."
        yield SpecWarning("lambda_too_large", path, message)
    if max(l1, l2) <= WEAKEST:
        message = (
            f"{divided} is so small that the penalty changes nothing. If it comes from another tool, set "
            "lambda_convention."
        )
        yield SpecWarning("lambda_too_small", path, message)


def _unstable(path: Path, l2: float, resolved: Experiment) -> Iterator[SpecWarning]:
    """A step of SGD along the penalty's gradient that overshoots zero by more than it was away.

    On λ/(2n) w² alone the iteration is stable below 2(1 + μ), with Nesterov's step below 2(1 + μ)/(1 + 2μ).
    """
    optimizer = resolved.optimizer
    if not isinstance(optimizer, Sgd) or resolved.clip_norm is not None or resolved.max_norm is not None:
        return
    limit = 2 * (1 + optimizer.momentum) / (1 + 2 * optimizer.momentum * optimizer.nesterov)
    if (step := optimizer.learning_rate * l2) > limit:
        message = (
            f"learning_rate · λ/n = {step:.3g} is above {limit:.3g}: each step overshoots the penalty's "
            "minimum, and the weights grow without bound. Use a smaller learning_rate."
        )
        yield SpecWarning("unstable_penalty", path, message)
