"""What an experiment's λ is called in other tools.

Our penalty is ``λ/(2n) Σw²`` or ``λ/n Σ|w|``, n the rows of the training split. Keras adds ``x Σw²`` or
``x Σ|w|``; PyTorch's SGD adds ``weight_decay·θ`` to the gradient; scikit-learn's MLP adds ``α/(2B) Σw²`` with the
mini-batch's B rows; its linear models minimize sums over rows (LogisticRegression, Ridge) or means (Lasso).
"""

from __future__ import annotations

from typing import Any

from engine.spec.experiment import Experiment
from engine.spec.variants import BinaryCrossEntropy, SquaredError

__all__ = ["equivalents"]


def equivalents(experiment: Experiment, train_rows: int) -> dict[str, dict[str, Any]]:
    """λ of a resolved experiment in the terms of Keras, PyTorch and scikit-learn.

    A value of None means that the tool has no such penalty. ``note`` says what else differs.
    """
    ratio = {"none": 0.0, "l2": 0.0, "l1": 1.0, "elastic_net": experiment.l1_ratio}[experiment.penalty]
    strength = 0.0 if experiment.penalty == "none" else experiment.lambda_
    l1, l2 = strength * ratio, strength * (1 - ratio)
    batch = min(experiment.batch_size, train_rows)
    keras_note = "Keras averages binary_crossentropy over the outputs; this λ is for the sum over them."
    summed = experiment.loss == BinaryCrossEntropy(reduction="sum")
    return {
        "keras": {
            "l1": l1 / train_rows,
            "l2": l2 / (2 * train_rows),
            "note": f"kernel_regularizer of every Dense layer. {keras_note if summed else ''}".strip(),
        },
        "pytorch": {
            "weight_decay": None if l1 else l2 / train_rows,
            "note": "In an SGD parameter group of the weights only: PyTorch would decay biases too.",
        },
        "sklearn": _sklearn(experiment, strength, l1, l2, train_rows, batch),
    }


def _sklearn(
    experiment: Experiment, strength: float, l1: float, l2: float, train_rows: int, batch: int
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "mlp_alpha": None if l1 else l2 * batch / train_rows,
        "note": "mlp_alpha for this batch size: MLPClassifier and MLPRegressor divide alpha by the batch's rows.",
    }
    if experiment.architecture:
        return found
    if experiment.loss == SquaredError(reduction="sum"):
        return {**found, "ridge_alpha": None if l1 else l2, "lasso_alpha": None if l2 else l1 / train_rows}
    return {**found, "logistic_regression_C": 1 / strength if strength else None}
