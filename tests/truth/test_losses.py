"""Row losses and their gradients by the logits against PyTorch."""

from typing import Any

import numpy as np
import pytest

from engine.data.targets import smoothed
from engine.kernels import run
from engine.network.losses import loss_of
from engine.spec import BinaryCrossEntropy, Huber, LossSpec, SquaredError
from tests.truth import oracle


def specification(config: dict[str, Any]) -> tuple[LossSpec, str]:
    """The oracle's loss in our words, with its output."""
    known: dict[str, tuple[LossSpec, str]] = {
        "mse": ("mean_squared_error", "identity"),
        "huber": (Huber(reduction="mean", delta=config.get("delta", 1.0)), "identity"),
        "bce": (BinaryCrossEntropy(reduction="mean"), "sigmoid"),
        "cross_entropy_sigmoid": (BinaryCrossEntropy(), "sigmoid"),
        "softmax_ce": ("cross_entropy", "softmax"),
        "quadratic": (SquaredError(), "sigmoid" if config["output_activation"] == "sigmoid" else "identity"),
    }
    return known[config["loss"]]


@pytest.mark.parametrize("case", oracle.cases("losses.json"))
def test_a_loss_and_its_gradient(case: dict[str, Any]) -> None:
    spec, output = specification(case["config"])
    loss = loss_of(spec, output)
    y = np.array(case["y"], float)
    y = np.ascontiguousarray(smoothed(y, spec, case["config"].get("label_smoothing", 0.0)).T)
    logits = np.ascontiguousarray(np.array(case["z"], float).T)
    narrow, rows, wide = np.zeros(y.shape[1]), np.zeros(y.shape[1]), np.zeros_like(logits)
    factor = loss.factor(len(y))
    z = logits.copy()
    with np.errstate(over="ignore"):
        run(loss.row_losses(z, y, rows, narrow, wide))
    np.testing.assert_allclose(factor * rows.mean(), case["loss"], rtol=1e-9, atol=1e-12)
    z = logits.copy()
    with np.errstate(over="ignore"):
        run(loss.gradient(z, y, narrow, wide))
    np.testing.assert_allclose(factor * z.T / len(rows), case["dloss_dz"], rtol=1e-9, atol=1e-12)
