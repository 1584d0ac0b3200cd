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
NESTEROV: dict[str, Any] = {**MOMENTUM, "nesterov": True}
CASES = oracle.cases("convex_solutions.json")
EASY = [case for case in CASES if case.values[0]["useful_for_sgd"]]
SPARSE = [case for case in EASY if case.values[0]["n_zero"]]
HARD = [case for case in CASES if case not in EASY]


@pytest.mark.parametrize("case", EASY)
def test_sgd_reaches_the_minimizer(case: dict[str, Any]) -> None:
    replay = trained(case, {"name": "sgd"}, 1.9, 6000)
    close(replay, case, 1e-6)


@pytest.mark.parametrize("case", HARD)
def test_momentum_reaches_minimizers_that_are_out_of_reach_for_plain_sgd(case: dict[str, Any]) -> None:
    replay = trained(case, {**NESTEROV, "momentum": 0.99}, 1.0, 10_000)
    close(replay, case, 1e-6)


@pytest.mark.parametrize("optimizer", [MOMENTUM, NESTEROV], ids=["momentum", "nesterov"])
@pytest.mark.parametrize("case", SPARSE)
def test_momentum_reaches_the_minimizer_with_its_exact_zeros(
    case: dict[str, Any], optimizer: dict[str, Any]
) -> None:
    replay = trained(case, optimizer, 1.0, 2000)
    close(replay, case, 1e-8)


@pytest.mark.parametrize("case", SPARSE)
def test_adam_reaches_the_minimizer_with_its_exact_zeros(case: dict[str, Any]) -> None:
    replay = trained(case, {"name": "adam", "learning_rate": 0.01}, 1.0, 6000)
    close(replay, case, 1e-6)


def trained(case: dict[str, Any], optimizer: dict[str, Any], pace: float, steps: int) -> Replay:
    """The network after full-batch steps of ``pace``/L, L the largest curvature of the smooth part."""
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
        optimizer={"learning_rate": pace / curvature(case, x), **optimizer},
        **{"lambda": strength},
    )
    replay = Replay(experiment, x, targets(case, y), [range(len(x))] * steps)
    for number in range(steps):
        replay.step(number)
    return replay


def targets(case: dict[str, Any], y: Array) -> Array:
    return np.eye(case["classes"])[y] if case["kind"] == "softmax" else y.reshape(len(y), -1)


def curvature(case: dict[str, Any], x: Array) -> float:
    """An upper bound of L; by their logit the losses curve by 1, 1/2 and 1/4 at most."""
    of_loss = {"regression": 1.0, "softmax": 0.5, "binary": 0.25}[case["kind"]]
    bordered = np.column_stack([x, np.ones(len(x))])
    largest = np.linalg.eigvalsh(bordered.T @ bordered / len(x))[-1]
    return float(of_loss * largest + 2 * case["l2"] / len(x))


def close(replay: Replay, case: dict[str, Any], tolerance: float) -> None:
    """Compare everything the oracle knows; a softmax's biases are defined up to a common number."""
    weights, biases = replay.weight(0), replay.bias(0)
    truth = np.array(case["W" if "W" in case else "w"])
    truth = truth.T if truth.shape == weights.shape[::-1] else truth.reshape(weights.shape)
    np.testing.assert_allclose(weights, truth, atol=tolerance, rtol=0)
    assert np.count_nonzero(weights == 0) == case["n_zero"]
    centered = biases - biases.mean() if case["kind"] == "softmax" else biases
    np.testing.assert_allclose(centered, case["b_centred" if "W" in case else "b"], atol=tolerance, rtol=0)
    assert replay.loss() + replay.penalty() == pytest.approx(case["cost"], rel=1e-9)
    data_loss = case.get("data_loss", case.get("data_loss_half_mse"))
    assert replay.loss() == pytest.approx(data_loss, abs=tolerance, rel=0)
