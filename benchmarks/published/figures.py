"""Each published figure as a function of a run's curves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.published.runs import Curves, Mnist, Run, train_run

__all__ = ["measure", "measured"]

Array = NDArray[Any]


@cache
def _mnist(path: str) -> Mnist:
    return Mnist(path)


def measured(
    path: str, run: Run, figures: Sequence[dict[str, Any]], seeds: Sequence[int]
) -> dict[str, list[Any]]:
    """Train a run and measure its figures, one value per seed; runs in a process of its own."""
    mnist = _mnist(path)
    curves = train_run(run, mnist, seeds)
    return {figure["id"]: [measure(figure, run, each, mnist) for each in curves] for figure in figures}


def measure(figure: dict[str, Any], run: Run, curves: Curves, mnist: Mnist) -> Any:
    """Our value of a figure, in its unit: a number, or a list with one count per epoch."""
    name, kind = figure["id"], figure["kind"]
    if kind == "norm":
        return _bias_gradient_norm(name, run, curves, mnist)
    if isinstance(figure["published"], list):
        # These runs diverge: the book's argmax over saturated activations finds ties and takes the first digit.
        return [_correct(weights, *mnist.judges[run.judge]) for weights in curves.weights]
    if kind == "acc":
        return 100 * _accuracy(name, run, curves, mnist)
    if kind == "count":
        return round(curves.metrics["train_accuracy"][-1] * run.rows)
    return _cost(name, run, curves, mnist)


def _accuracy(name: str, run: Run, curves: Curves, mnist: Mnist) -> float:
    if not run.judged_each_epoch:
        x, labels = mnist.judges[run.judge]
        return _correct(curves.final, x, labels) / len(x)
    accuracy = curves.metrics["val_accuracy"]
    if "epoch1" in name:
        return accuracy[0]
    # The book quotes the peak where it says "best" or remembers one number of a whole section.
    peak = re.search(r"best|book|DEFAULT|\.ce$|quad$", name) is not None
    return max(accuracy) if peak else accuracy[-1]


def _cost(name: str, run: Run, curves: Curves, mnist: Mnist) -> float:
    """A cost, or the epoch (from 0) of its minimum.

    The published test cost divides the penalty by the number of evaluated rows instead of training rows.
    """
    if "train_cost" in name:
        return curves.metrics["objective"][0 if "epoch1" in name else -1]
    ratio = run.rows / len(mnist.judges[run.judge][0])
    costs = np.array(curves.metrics["val_loss"]) + ratio * np.array(curves.metrics["penalty"])
    if "epoch_of_min" in name:
        return float(costs.argmin())
    return float(costs.min() if "min_" in name else costs[-1])


def _bias_gradient_norm(name: str, run: Run, curves: Curves, mnist: Mnist) -> float:
    """``|| mean over rows of ∂C_x/∂b ||`` of one hidden layer (from 1) before or after training."""
    weights = curves.initial if name.endswith("initial") else curves.final
    layer = int(re.findall(r"layer(\d+)", name)[0])
    x, labels = mnist.train[0][: run.rows], mnist.train[1][: run.rows]
    activations = _activations(weights, x)
    delta = activations[-1] - np.eye(10)[labels]
    for above in range(len(weights) - 1, layer - 1, -1):
        a = activations[above]
        delta = delta @ weights[above][0].T * a * (1 - a)
    return float(np.linalg.norm(delta.mean(axis=0)))


def _correct(weights: Sequence[tuple[Array, Array]], x: Array, labels: Array) -> int:
    return int((_activations(weights, x)[-1].argmax(axis=1) == labels).sum())


def _activations(weights: Sequence[tuple[Array, Array]], x: Array) -> list[Array]:
    """Activations of every layer of a network of sigmoids, the rows themselves first."""
    found = [x]
    for matrix, bias in weights:
        with np.errstate(over="ignore"):
            found.append(1 / (1 + np.exp(-(found[-1] @ matrix + bias))))
    return found
