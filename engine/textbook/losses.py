"""Losses of a row and their gradients: docs/numerics.md, "Row losses".

Everything is computed from the logits z (B, O) and the targets y (B, O); a (B, O) are the outputs. A loss is a sum over
the outputs, or a mean: ``mean_squared_error`` is one, and so is every loss with ``reduction`` "mean".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.spec import LossSpec, variant_name
from engine.textbook.activations import identity, parameters, sigmoid

__all__ = ["LOSSES", "OUTPUTS", "Loss", "loss_gradient", "row_losses", "softmax"]

Array = NDArray[np.float64]

# ---- Outputs


def softmax(z: Array) -> Array:
    """a = e^z/Σe^z over the outputs; taking max z off first changes nothing and lets no power overflow."""
    powers: Array = np.exp(z - z.max(axis=1, keepdims=True))
    total: Array = powers.sum(axis=1, keepdims=True)
    return powers / total


OUTPUTS: dict[str, Callable[[Array], Array]] = {"identity": identity, "sigmoid": sigmoid, "softmax": softmax}

# ---- The terms of ℓ, one for each output (B, O), and what they pass back


def cross_entropy(z: Array, a: Array, y: Array) -> Array:
    """-y log a for a softmax, where -log a = log Σe^z - z."""
    z = z - z.max(axis=1, keepdims=True)
    log_sum: Array = np.log(np.exp(z).sum(axis=1, keepdims=True))
    return y * (log_sum - z)


def binary_cross_entropy(z: Array, a: Array, y: Array) -> Array:
    """-y log a - (1 - y) log(1 - a) for a sigmoid, where -log a = log(1 + e^-z)."""
    return y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)


def difference(a: Array, y: Array) -> Array:
    """dℓ/dz = a - y of either cross-entropy; dℓ/da = a - y of the squared error."""
    return a - y


def squared_error(z: Array, a: Array, y: Array) -> Array:
    """(a - y)²/2."""
    return (a - y) ** 2 / 2


def mean_squared_error(z: Array, a: Array, y: Array) -> Array:
    """(a - y)², averaged over the outputs."""
    return (a - y) ** 2


def mean_squared_error_slope(a: Array, y: Array) -> Array:
    """dℓ/da = 2(a - y), before the average."""
    return 2 * (a - y)


def absolute_error(z: Array, a: Array, y: Array) -> Array:
    """|a - y|."""
    return np.abs(a - y)


def absolute_error_slope(a: Array, y: Array) -> Array:
    """dℓ/da = sgn(a - y)."""
    return np.sign(a - y)


def huber(z: Array, a: Array, y: Array, delta: float) -> Array:
    """r²/2 for |r| ≤ δ, else δ(|r| - δ/2), with r = a - y (Huber 1964)."""
    r = np.abs(a - y)
    return np.where(r <= delta, r**2 / 2, delta * (r - delta / 2))


def huber_slope(a: Array, y: Array, delta: float) -> Array:
    """dℓ/da = r, clipped to ±δ."""
    return np.clip(a - y, -delta, delta)


class Loss(NamedTuple):
    """The terms of ℓ from z, a and y, and their slopes from a and y.

    The slopes are by the logits where ``by_logits`` (the cross-entropies, each with its own output), else by a.
    """

    terms: Callable[..., Array]
    slope: Callable[..., Array]
    by_logits: bool = False


LOSSES = {
    "cross_entropy": Loss(cross_entropy, difference, by_logits=True),
    "binary_cross_entropy": Loss(binary_cross_entropy, difference, by_logits=True),
    "squared_error": Loss(squared_error, difference),
    "mean_squared_error": Loss(mean_squared_error, mean_squared_error_slope),
    "absolute_error": Loss(absolute_error, absolute_error_slope),
    "huber": Loss(huber, huber_slope),
}

# ---- ℓ and its gradient


def row_losses(loss: LossSpec, output: str, z: Array, y: Array) -> Array:
    """ℓ of every row (B,): Σ over the outputs of the terms, or their mean."""
    terms = LOSSES[variant_name(loss)].terms(z, OUTPUTS[output](z), y, **_own(loss))
    losses: Array = terms.mean(axis=1) if _averaged(loss) else terms.sum(axis=1)
    return losses


def loss_gradient(loss: LossSpec, output: str, z: Array, y: Array) -> Array:
    """dℓ/dz (B, O), by the chain rule da/dz = a(1 - a) where the output is a sigmoid."""
    a, found = OUTPUTS[output](z), LOSSES[variant_name(loss)]
    slope = found.slope(a, y, **_own(loss))
    if output == "sigmoid" and not found.by_logits:
        slope = slope * a * (1 - a)
    return slope / z.shape[1] if _averaged(loss) else slope


def _averaged(loss: LossSpec) -> bool:
    return loss == "mean_squared_error" or parameters(loss).get("reduction") == "mean"


def _own(loss: LossSpec) -> dict[str, Any]:
    return {name: value for name, value in parameters(loss).items() if name != "reduction"}
