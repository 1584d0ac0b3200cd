"""Row losses and their gradients by the logits against PyTorch."""

from typing import Any

import numpy as np
import pytest

from engine.calls import run
from engine.losses import LOSSES
from tests.truth import oracle

NAMES = {
    "softmax_ce": ("cross_entropy", "softmax"),
    "cross_entropy_sigmoid": ("binary_cross_entropy", "sigmoid"),
    "quadratic": ("squared_error", "sigmoid"),
}
CASES = [case for case in oracle.cases("losses.json") if case.values[0]["config"]["loss"] in NAMES]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "label_smoothing" not in case.values[0]["config"]]
)
def test_a_loss_and_its_gradient(case: dict[str, Any]) -> None:
    loss = LOSSES[NAMES[case["config"]["loss"]]]
    y = np.array(case["y"], float).T
    logits = np.ascontiguousarray(np.array(case["z"], float).T)
    narrow, rows, wide = np.zeros(y.shape[1]), np.zeros(y.shape[1]), np.zeros_like(logits)
    z = logits.copy()
    with np.errstate(over="ignore"):
        run(loss.row_losses(z, y, rows, narrow, wide))
    np.testing.assert_allclose(rows.mean(), case["loss"], rtol=1e-9, atol=1e-12)
    z = logits.copy()
    with np.errstate(over="ignore"):
        run(loss.gradient(z, y, narrow, wide))
    np.testing.assert_allclose(z.T / len(rows), case["dloss_dz"], rtol=1e-9, atol=1e-12)
