"""Constant model: the best prediction without features, as a baseline for the network.

It is evaluated by the network's own code: with all weights 0 the output layer's biases are the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.data import Splits
from engine.kernels import Array
from engine.network.layout import Layout
from engine.network.shape import Network
from engine.spec import METRICS, Experiment, loss_traits
from engine.training.evaluation import Evaluation, Evaluator

__all__ = ["Comparison", "compare", "constant_models"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric of the network and of the constant model, on the rows that validate."""

    metric: str
    network: float
    constant: float

    @property
    def is_better(self) -> bool:
        """Whether the network is strictly better than the constant."""
        if METRICS[self.metric].larger_is_better:
            return self.network > self.constant
        return self.network < self.constant


def compare(
    experiment: Experiment, network: Network, splits: Splits, evaluator: Evaluator, parameters: Array
) -> Comparison | None:
    """Plain parameters against the constant model; None where the metric is undefined.

    ``evaluator`` is that of the validation rows, or of the training rows if there are none. The metric is the
    monitored one if it is measured on those rows, else their loss. So is an accuracy where training rows have weights,
    since those trade right answers of common classes for right answers of rare ones.
    """
    part = "val" if len(splits.validation) else "train"
    metric = experiment.monitor if METRICS[experiment.monitor].part == part else f"{part}_loss"
    if METRICS[metric].quantity == "accuracy" and splits.train.weights is not None:
        metric = f"{part}_loss"
    name = METRICS[metric].quantity
    mine = _value(evaluator(parameters), name)
    others = [_value(evaluator(each), name) for each in constant_models(network, splits, experiment, name)]
    constants = [each for each in others if each is not None]
    if mine is None or not constants:
        return None
    best = max if METRICS[metric].larger_is_better else min
    return Comparison(metric, mine, best(constants))


def _value(found: Evaluation, name: str) -> float | None:
    return found.loss if name == "loss" else found.scores.get(name)


def constant_models(network: Network, splits: Splits, experiment: Experiment, metric: str) -> list[Array]:
    """Plain parameters whose answers are the constants that suit a metric best on the training rows.

    The class shares or the mean of the targets; the median for absolute errors; for Huber's loss, which is between,
    both. Targets are weighted and smoothed as the network's are: what it is trained for is what it is held against.
    """
    layout = Layout(network.sizes)
    targets, weights = splits.train.targets.astype(np.float64), splits.train.weights
    of_scores = ("median",) if metric == "mae" else ("mean",)
    where = loss_traits(experiment.loss).constants if metric == "loss" else of_scores
    constants = []
    if "mean" in where:
        constants.append(np.average(targets, axis=0, weights=weights))
    if "median" in where:
        constants.append(_medians(targets, weights))
    return [_parameters(layout, _logits(each, network, len(targets)), targets) for each in constants]


def _medians(targets: Array, weights: Array | None) -> Array:
    """The median (O,) of each column; of the middle two the lower one where rows have weights."""
    if weights is None:
        medians: Array = np.median(targets, axis=0)
        return medians
    order = np.argsort(targets, axis=0)
    reached = np.cumsum(weights[order], axis=0, dtype=np.float64)
    middle = (reached < reached[-1] / 2).sum(axis=0)
    found: Array = np.take_along_axis(targets, order, axis=0)[middle, np.arange(targets.shape[1])]
    return found


def _parameters(layout: Layout, biases: Array, targets: Array) -> Array:
    parameters: Array = layout.vectors(1, targets.dtype)[0]
    layout.bias(parameters, layout.layers - 1)[...] = biases
    return parameters


def _logits(answers: Array, network: Network, rows: int) -> Array:
    """The logits (O,) of constant answers; shares of 0 and 1 are half a row away from them."""
    if network.output == "identity":
        return answers
    shares: Array = np.clip(answers, 0.5 / rows, 1 - 0.5 / rows)
    logits: Array = np.log(shares)
    return logits if network.output == "softmax" else logits - np.log1p(-shares)
