"""Convert λ between other tools' conventions and the textbook's, in both directions.

The textbook's penalty is ``λ/(2n) Σw²`` or ``λ/n Σ|w|``, n the rows of the training split. Keras adds ``x Σw²`` or
``x Σ|w|``; torch.optim adds ``weight_decay·w`` to the gradient; scikit-learn's MLP adds ``α/(2B) Σw²``, B the rows of
the mini-batch; its linear models minimize sums over rows (LogisticRegression, Ridge) or means (Lasso).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.experiment import Experiment, Layer
from engine.spec.losses import SquaredError, loss_traits
from engine.spec.optimizers import AdamW
from engine.spec.penalties import L1, L2, MAX_LAMBDA, PENALTIES, ElasticNet
from engine.spec.records import variant_name

__all__ = ["PENALTIES_OF_CONVENTION", "GivenLambda", "convert", "equivalents", "meaningless"]

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
    """The experiment with every λ as the textbook's, and λ as it was given; None if that was the textbook's.

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


_OF_KERAS = "kernel_regularizer of every Dense layer."
_OF_TORCH = "Apply it to a parameter group of the weights only: PyTorch would also decay biases."
_OF_SKLEARN = (
    "mlp_alpha for this batch size: MLPClassifier and MLPRegressor divide alpha by the rows of each "
    "batch, including the last one, which may be smaller."
)
_OF_ADAMW = "AdamW's weight_decay is not a penalty, so no λ is equivalent to it; add the penalty to the loss."
_TOOLS = {"keras": "Keras", "pytorch": "PyTorch", "sklearn": "MLPRegressor"}


@dataclass(frozen=True, slots=True)
class _Strength:
    """λ and its two parts; ``rows`` is n and ``batch`` B."""

    lambda_: float
    l1: float
    l2: float
    rows: int
    batch: int


def equivalents(experiment: Experiment, train_rows: int) -> dict[str, dict[str, Any]]:
    """λ of a resolved experiment in the terms of Keras, PyTorch and scikit-learn.

    A value of None means that the tool has no such penalty. ``note`` says what else differs.
    """
    penalty, batch = experiment.penalties[-1], min(experiment.batch_size, train_rows)
    strength = _Strength(penalty.lambda_, penalty.l1, penalty.l2, train_rows, batch)
    return {
        "keras": {
            "l1": strength.l1 / train_rows,
            "l2": strength.l2 / (2 * train_rows),
            "note": _note("keras", experiment, _OF_KERAS),
        },
        "pytorch": _pytorch(experiment, strength),
        "sklearn": _sklearn(experiment, strength),
    }


def _pytorch(experiment: Experiment, strength: _Strength) -> dict[str, Any]:
    decoupled = isinstance(experiment.optimizer, AdamW)
    nothing = strength.l1 or (decoupled and strength.l2)
    return {
        "weight_decay": None if nothing else strength.l2 / strength.rows,
        "note": _note("pytorch", experiment, _OF_ADAMW if decoupled else _OF_TORCH),
    }


def _sklearn(experiment: Experiment, strength: _Strength) -> dict[str, Any]:
    l1, l2 = strength.l1, strength.l2
    found: dict[str, Any] = {
        "mlp_alpha": None if l1 else l2 * strength.batch / strength.rows,
        "note": _note("sklearn", experiment, _OF_SKLEARN),
    }
    if experiment.architecture:
        return found
    if experiment.loss == SquaredError(reduction="sum") and experiment.output == "identity":
        lasso = None if l2 else l1 / strength.rows
        return {**found, "ridge_alpha": None if l1 else l2, "lasso_alpha": lasso}
    if variant_name(experiment.loss).endswith("cross_entropy") and _sums(experiment):
        inverse = 1 / strength.lambda_ if strength.lambda_ else math.inf
        return {**found, "logistic_regression_C": inverse if math.isfinite(inverse) else None}
    return found


def _sums(experiment: Experiment) -> bool:
    return getattr(experiment.loss, "reduction", "sum") == "sum"


def _note(tool: str, experiment: Experiment, note: str) -> str:
    """The note, and what to say of the loss and of layers' own penalties."""
    name, loss, notes = _TOOLS[tool], variant_name(experiment.loss), [note]
    if loss == "squared_error" and tool != "sklearn":
        notes.append(f"The squared error of {name} is not halved; use twice this value.")
    if tool in loss_traits(experiment.loss).averaged_by and _sums(experiment):
        notes.append(f"{name} averages this loss over the outputs; this λ is for their sum.")
    if any(layer.penalty is not None for layer in experiment.architecture):
        notes.append("Layers have their own penalties, whose λ is converted the same way.")
    return " ".join(notes)
