"""Metrics of a network on prepared rows: docs/numerics.md, "Metrics"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.spec import Experiment, variant_name
from engine.textbook.data import Part, Parts
from engine.textbook.losses import OUTPUTS, row_losses
from engine.textbook.network import Network
from engine.textbook.penalties import penalty, strengths

__all__ = ["Metrics", "evaluate", "measure"]

Array = NDArray[np.float64]
Metrics = dict[str, float | None]


def measure(experiment: Experiment, network: Network, parts: Parts) -> Metrics:
    """Every metric that the weights at an epoch's end decide."""
    weights = [layer.weights.value for layer in network.layers]
    w = np.concatenate([each.ravel() for each in weights])
    found: Metrics = {
        "penalty": sum(
            penalty(each, *strengths(experiment, layer, len(parts.train)))
            for layer, each in enumerate(weights)
        ),
        "weight_norm": float(np.sqrt((w**2).sum())),
        "zero_fraction": float((w == 0).mean()),
        "dead_units": dead_units(experiment, network, parts.validation),
    }
    for name, part in (("train", parts.train), ("val", parts.validation)):
        scores = evaluate(experiment, network, part, parts)
        found |= {f"{name}_{score}": value for score, value in scores.items()}
    found["objective"] = (found["train_loss"] or 0.0) + (found["penalty"] or 0.0)
    return found


def evaluate(experiment: Experiment, network: Network, part: Part, parts: Parts) -> Metrics:
    """Loss and scores on one part of the data; the loss weighs the rows that have weights, the scores do not."""
    found: Metrics = dict.fromkeys(("loss", "accuracy", "r2", "mae", "rmse"))
    if not len(part):
        return found
    z, y = network.forward(part.x), part.targets
    losses = row_losses(experiment.loss, experiment.output, z, y)
    found["loss"] = float((losses if part.weights is None else part.weights * losses).mean())
    a = OUTPUTS[experiment.output](z)
    if parts.task == "regression":
        errors = a - y
        found["r2"] = r_squared(a, y)
        found["mae"] = float((np.abs(errors) * parts.target_scale).mean())
        found["rmse"] = float((np.sqrt((errors**2).mean(axis=0)) * parts.target_scale).mean())
    elif part.labels is not None and z.shape[1] > 1:
        found["accuracy"] = float((z.argmax(axis=1) == part.labels).mean())
    else:
        found["accuracy"] = float(((a > 1 / 2) == (y > 1 / 2)).mean())
    return found


def r_squared(a: Array, y: Array) -> float | None:
    """1 - Σ(y - a)²/Σ(y - ȳ)², averaged over the outputs whose targets vary; None if none does."""
    varying = np.ptp(y, axis=0) > 1e-15 * np.abs(y).max(axis=0)
    if not varying.any():
        return None
    y, a = y[:, varying], a[:, varying]
    return float((1 - ((y - a) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)).mean())


def dead_units(experiment: Experiment, network: Network, validation: Part) -> float | None:
    """The share of all hidden units whose relu is 0 on every validation row; None without units or rows."""
    hidden = experiment.architecture
    if not hidden or not len(validation):
        return None
    network.forward(validation.x)
    dead = sum(
        int((layer.z <= 0).all(axis=0).sum())
        for layer, spec in zip(network.layers, hidden, strict=False)
        if variant_name(spec.activation or "") == "relu"
    )
    return dead / sum(spec.units for spec in hidden)
