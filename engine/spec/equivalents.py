"""Convert an experiment's λ to other tools' conventions; ``engine.spec.conventions`` is the way in.

Our penalty is ``λ/(2n) Σw²`` or ``λ/n Σ|w|``, n the rows of the training split. Keras adds ``x Σw²`` or
``x Σ|w|``; torch.optim adds ``weight_decay·w`` to the gradient; scikit-learn's MLP adds ``α/(2B) Σw²`` with the
mini-batch's B rows; its linear models minimize sums over rows (LogisticRegression, Ridge) or means (Lasso).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.spec.experiment import Experiment
from engine.spec.optimizers import AdamW
from engine.spec.variants import SquaredError, variant_name

__all__ = ["equivalents"]

_OF_KERAS = "kernel_regularizer of every Dense layer."
_OF_TORCH = "Apply it to a parameter group of the weights only: PyTorch would also decay biases."
_OF_SKLEARN = (
    "mlp_alpha for this batch size: MLPClassifier and MLPRegressor divide alpha by the rows of each "
    "batch, including the last one, which may be smaller."
)
_OF_ADAMW = "AdamW's weight_decay is not a penalty, so no λ is equivalent to it; add the penalty to the loss."
_TOOLS = {"keras": "Keras", "pytorch": "PyTorch", "sklearn": "MLPRegressor"}
_AVERAGED = ("binary_cross_entropy", "squared_error", "absolute_error", "huber")
_AVERAGES = {"keras": _AVERAGED, "pytorch": _AVERAGED, "sklearn": ("squared_error",)}
"""Losses that a tool averages over the outputs."""


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
    ratio = {"none": 0.0, "l2": 0.0, "l1": 1.0, "elastic_net": experiment.l1_ratio}[experiment.penalty]
    whole = 0.0 if experiment.penalty == "none" else experiment.lambda_
    batch = min(experiment.batch_size, train_rows)
    strength = _Strength(whole, whole * ratio, whole * (1 - ratio), train_rows, batch)
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
        return {**found, "logistic_regression_C": 1 / strength.lambda_ if strength.lambda_ else None}
    return found


def _sums(experiment: Experiment) -> bool:
    return getattr(experiment.loss, "reduction", "sum") == "sum"


def _note(tool: str, experiment: Experiment, note: str) -> str:
    """The note, and what to say of the loss and of layers' own penalties."""
    name, loss, notes = _TOOLS[tool], variant_name(experiment.loss), [note]
    if loss == "squared_error" and tool != "sklearn":
        notes.append(f"The squared error of {name} is not halved; use twice this value.")
    if loss in _AVERAGES[tool] and _sums(experiment):
        notes.append(f"{name} averages this loss over the outputs; this λ is for their sum.")
    if any(layer.penalty is not None for layer in experiment.architecture):
        notes.append("Layers have their own penalties, whose λ is converted the same way.")
    return " ".join(notes)
