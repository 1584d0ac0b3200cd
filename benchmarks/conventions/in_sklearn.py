"""The same network, and linear models, in scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.conventions.ours import BATCH, HIDDEN, RATE, Array, Problem

__all__ = ["ended", "solved"]


def ended(problem: Problem, initial: list[tuple[Array, Array]], alpha: float) -> list[Array]:
    """Where scikit-learn's MLP ends with this ``alpha``."""
    warnings.simplefilter("ignore")
    classes = problem.data.classes
    model = (MLPClassifier if classes else MLPRegressor)(
        hidden_layer_sizes=(HIDDEN,),
        activation="tanh",
        solver="sgd",
        alpha=alpha,
        batch_size=BATCH,
        learning_rate_init=RATE,
        momentum=0,
    )
    labels: dict[str, Any] = {"classes": np.arange(classes)} if classes else {}
    model.partial_fit(problem.x[:BATCH], problem.y[:BATCH], **labels)
    for layer, (weights, biases) in enumerate(initial):
        model.coefs_[layer][...], model.intercepts_[layer][...] = weights, biases
    for x, y in problem.batches():
        model.partial_fit(x, y)
    found: list[Array] = model.coefs_
    return found


def solved(problem: Problem, name: str, number: float) -> list[tuple[Array, Array]]:
    """The solution of a linear model: weights (in, out), biases (out,)."""
    models = {
        "LogisticRegression": lambda: LogisticRegression(C=number, tol=1e-12, max_iter=100_000),
        "Ridge": lambda: Ridge(alpha=number, tol=1e-14),
        "Lasso": lambda: Lasso(alpha=number, tol=1e-14, max_iter=1_000_000),
    }
    model = models[name]().fit(problem.x, problem.y)
    return [(np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_))]
