"""Convert λ from other tools' conventions to the textbook λ that adds the same penalty.

The textbook's penalty is ``λ/(2n) Σw²`` or ``λ/n Σ|w|``, n the rows of the training split. Keras adds ``x Σw²`` or
``x Σ|w|``; torch.optim adds ``weight_decay·w`` to the gradient; scikit-learn's MLP adds ``α/(2B) Σw²``, B the rows of
the mini-batch. ``engine.spec.equivalents`` is the way out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.experiment import Experiment, Layer
from engine.spec.optimizers import AdamW
from engine.spec.variants import L1, L2, MAX_LAMBDA, PENALTIES, ElasticNet, variant_name

__all__ = ["PENALTIES_OF_CONVENTION", "GivenLambda", "convert", "meaningless"]

PENALTIES_OF_CONVENTION = {
    "textbook": PENALTIES.allowed,
    "keras": ("none", "l1", "l2"),
    "sklearn": ("none", "l2"),
    "pytorch": ("none", "l2"),
}
_OWN_TERMS = {
    "keras": (
        "Keras' l1_l2 has two coefficients; give lambda = n·(l1 + 2·l2) and l1_ratio = l1/(l1 + 2·l2) in "
        "the textbook convention."
    ),
    "sklearn": "alpha of scikit-learn's MLP is an L2 penalty; use l2, or give the textbook λ.",
    "pytorch": "weight_decay of torch.optim is an L2 penalty; use l2, or the keras or textbook convention for L1.",
}


@dataclass(frozen=True, slots=True)
class GivenLambda:
    """λ as it was given, in the terms of ``convention``; ``layers`` are those of the hidden layers' own penalties."""

    convention: str
    lambda_: float
    layers: tuple[float | None, ...]


def meaningless(experiment: Experiment) -> Iterator[SpecProblem]:
    """Problems of a convention that has no such penalty, each with its place."""
    convention = experiment.lambda_convention
    accepted = PENALTIES_OF_CONVENTION[convention]
    if experiment.penalty not in accepted:
        yield SpecProblem(("lambda_convention",), "incompatible", _OWN_TERMS[convention])
    for place, layer in enumerate(experiment.architecture):
        if layer.penalty is not None and variant_name(layer.penalty) not in accepted:
            where = ("architecture", place, "penalty")
            yield SpecProblem(where, "incompatible", _OWN_TERMS[convention])
    if convention == "pytorch" and isinstance(experiment.optimizer, AdamW):
        message = (
            "weight_decay of torch.optim.AdamW is neither a penalty nor a λ: omit lambda and set "
            "optimizer.weight_decay, or give lambda in the textbook convention."
        )
        yield SpecProblem(("lambda_convention",), "incompatible", message)


def convert(experiment: Experiment, train_rows: int) -> tuple[Experiment, GivenLambda | None]:
    """The experiment with every λ as the textbook's, and λ as it was given; None where that was the textbook's.

    Without a penalty λ has no effect and becomes 0. Raises InvalidSpec for a λ that becomes too large.
    """
    convention = experiment.lambda_convention
    if convention == "textbook":
        return experiment, None
    factors = _factors(convention, train_rows, min(experiment.batch_size, train_rows))
    layers = experiment.architecture
    given = GivenLambda(convention, experiment.lambda_, tuple(map(_own, layers)))
    strength = experiment.lambda_ * factors[experiment.penalty]
    own = [
        None if value is None else value * factors[variant_name(layer.penalty)]
        for layer, value in zip(layers, given.layers, strict=True)
    ]
    if problems := list(_too_large(strength, own)):
        raise InvalidSpec(problems)
    return dataclasses.replace(
        experiment,
        lambda_=strength,
        lambda_convention="textbook",
        architecture=tuple(map(_with_own, layers, own)),
    ), given


def _factors(convention: str, rows: int, batch: int) -> dict[str, float]:
    """For each penalty the factor from this convention's number to the textbook's λ."""
    factors: dict[str, dict[str, float]] = {
        "keras": {"l1": rows, "l2": 2 * rows},
        "pytorch": {"l2": rows},
        "sklearn": {"l2": rows / batch},
    }
    return {"none": 0, **factors[convention]}


def _own(layer: Layer) -> float | None:
    penalty = layer.penalty
    return penalty.lambda_ if isinstance(penalty, (L1, L2, ElasticNet)) else None


def _with_own(layer: Layer, strength: float | None) -> Layer:
    penalty = layer.penalty
    if strength is None or not isinstance(penalty, (L1, L2, ElasticNet)):
        return layer
    return dataclasses.replace(layer, penalty=dataclasses.replace(penalty, lambda_=strength))


def _too_large(strength: float, own: Iterable[float | None]) -> Iterator[SpecProblem]:
    found: dict[tuple[str | int, ...], float | None] = {("lambda",): strength}
    found |= {("architecture", place, "penalty", "lambda"): value for place, value in enumerate(own)}
    for path, value in found.items():
        if value is not None and value > MAX_LAMBDA:
            message = f"This is λ = {value:.3g} in the textbook convention, more than {MAX_LAMBDA:g}."
            yield SpecProblem(path, "range", message)
