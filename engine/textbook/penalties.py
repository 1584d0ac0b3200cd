"""Penalties on the weights: docs/numerics.md, "Objective".

    C = C₀ + λ/n (ρ Σ|w| + (1 - ρ)/2 Σw²)

C₀ is the mean loss, n the rows of the training split and ρ the share of L1. L2 (ridge) is ρ = 0, L1 (the lasso,
Tibshirani 1996) is ρ = 1 and everything between is the elastic net (Zou & Hastie 2005). Biases are never penalized.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.spec import Experiment, variant_name

__all__ = ["L1_UPDATES", "PENALTIES", "penalty", "soft", "strengths"]

Array = NDArray[np.float64]

PENALTIES: dict[str, Callable[[float, float], tuple[float, float]]] = {
    "none": lambda lambda_, rho: (0.0, 0.0),
    "l1": lambda lambda_, rho: (lambda_, 0.0),
    "l2": lambda lambda_, rho: (0.0, lambda_),
    "elastic_net": lambda lambda_, rho: (lambda_ * rho, lambda_ * (1 - rho)),
}
"""(λρ, λ(1 - ρ)) of each penalty, from λ and ``l1_ratio``."""


def strengths(experiment: Experiment, layer: int, n: int) -> tuple[float, float]:
    """(l1, l2) = (λρ/n, λ(1 - ρ)/n) of a layer: its own penalty if it has one, else the experiment's."""
    hidden = experiment.architecture
    own = hidden[layer].penalty if layer < len(hidden) else None
    if own is None:
        name, lambda_, rho = experiment.penalty, experiment.lambda_, experiment.l1_ratio
    else:
        name, lambda_, rho = variant_name(own), getattr(own, "lambda_", 0.0), getattr(own, "l1_ratio", 0.0)
    l1, l2 = PENALTIES[name](lambda_, rho)
    return l1 / n, l2 / n


def penalty(w: Array, l1: float, l2: float) -> float:
    """Penalty of a layer in C: l1 Σ|w| + l2/2 Σw²."""
    return float(l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum())


# ---- How L1, which has no derivative at 0, is minimized. Both return (what is added to the gradient, κ).


def subgradient(w: Array, l1: float) -> tuple[Array, float]:
    """l1·sgn(w) is added to the gradient, with sgn(0) = 0, and nothing is left for a proximal step: κ = 0."""
    return l1 * np.sign(w), 0.0


def proximal(w: Array, l1: float) -> tuple[Array, float]:
    """Nothing is added; after the step along the gradient, weights shrink by a threshold in proportion to κ = l1."""
    return np.zeros_like(w), l1


L1_UPDATES: dict[str, Callable[[Array, float], tuple[Array, float]]] = {
    "proximal": proximal,
    "subgradient": subgradient,
}


def soft(z: Array, threshold: Array | float) -> Array:
    """sgn(z)·max(|z| - threshold, 0): the minimizer of (w - z)²/2 + threshold·|w| (Daubechies et al. 2004)."""
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0)
