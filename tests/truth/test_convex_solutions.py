"""Without a hidden layer the objective is convex: training must end at its minimizer, zeros included.

Full-batch training, so that every optimizer converges to the minimizer and not to a neighborhood of it.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.harness import Replay, resolved
from tests.truth import oracle

Array = NDArray[Any]

TASKS = {
    "regression": ("squared_error", "identity"),
    "softmax": ("cross_entropy", "softmax"),
    "binary": ("binary_cross_entropy", "sigmoid"),
}
MOMENTUM: dict[str, Any] = {"name": "sgd", "momentum": 0.9}
MOMENTA = {"momentum": MOMENTUM, "nesterov": {**MOMENTUM, "nesterov": True}}
SMOOTH = [case for case in oracle.cases("convex_solutions.json") if case.values[0]["useful_for_sgd"]]
SPARSE = [case for case in SMOOTH if case.values[0]["n_zero"]]


@pytest.mark.parametrize("case", SMOOTH)
def test_sgd_reaches_the_minimizer(case: dict[str, Any]) -> None:
    replay = trained(case, {"name": "sgd"}, 6000)
    close(replay, case, 1e-6)


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
@pytest.mark.parametrize("case", SPARSE)
def test_momentum_reaches_the_minimizer_with_its_exact_zeros(case: dict[str, Any], optimizer: str) -> None:
    replay = trained(case, MOMENTA[optimizer], 4000)
    close(replay, case, 1e-8)


@pytest.mark.parametrize("case", SPARSE)
def test_adam_reaches_the_minimizer_with_its_exact_zeros(case: dict[str, Any]) -> None:
    replay = trained(case, {"name": "adam", "learning_rate": 0.01}, 6000)
    close(replay, case, 1e-6)


def trained(case: dict[str, Any], optimizer: dict[str, Any], steps: int) -> Replay:
    archive = oracle.arrays("convex_data.npz")
    x, y = archive[f"{case['id']}__X"], archive[f"{case['id']}__y"]
    loss, output = TASKS[case["kind"]]
    strength = case["l1"] + case["l2"]
    experiment = resolved(
        architecture=[],
        init="zeros",
        loss=loss,
        output=output,
        penalty="elastic_net",
        l1_ratio=case["l1"] / strength if strength else 0.0,
        batch_size=len(x),
        optimizer={"learning_rate": rate(case, x) * (1 - optimizer.get("momentum", 0)), **optimizer},
        **{"lambda": strength},
    )
    replay = Replay(experiment, x, targets(case, y), [range(len(x))] * steps)
    for number in range(steps):
        replay.step(number)
    return replay


def targets(case: dict[str, Any], y: Array) -> Array:
    return np.eye(case["classes"])[y] if case["kind"] == "softmax" else y.reshape(len(y), -1)


def rate(case: dict[str, Any], x: Array) -> float:
    """1/L of the smooth part; the curvature of the losses by their logit is 1, 1/2 and 1/4."""
    curvature = {"regression": 1.0, "softmax": 0.5, "binary": 0.25}[case["kind"]]
    bordered = np.column_stack([x, np.ones(len(x))])
    largest = np.linalg.eigvalsh(bordered.T @ bordered / len(x))[-1]
    return 1.9 / float(curvature * largest + 2 * case["l2"] / len(x))


def close(replay: Replay, case: dict[str, Any], tolerance: float) -> None:
    truth = np.array(case["W" if "W" in case else "w"])
    weights = replay.weight(0)
    truth = truth.T if truth.shape == weights.shape[::-1] else truth.reshape(weights.shape)
    np.testing.assert_allclose(weights, truth, atol=tolerance, rtol=0)
    assert np.count_nonzero(weights == 0) == case["n_zero"]
    assert replay.loss() + replay.penalty() == pytest.approx(case["cost"], rel=1e-9)
