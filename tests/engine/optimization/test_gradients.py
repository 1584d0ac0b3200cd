"""Every loss and activation of the tables against finite differences; updates of long rows against the textbook."""

from typing import Any

import numpy as np
import pytest

from engine.network.activations import ACTIVATIONS
from engine.spec import PENALTIES
from engine.textbook import Part, Trainer
from engine.textbook.training import Batch
from tests.engine.harness import Replay, resolved
from tests.engine.problems import COSTS, UPDATES, label

ROWS, FEATURES, OUTPUTS = 12, 4, 3


def replay(steps: int = 1, **fields: Any) -> Replay:
    random = np.random.default_rng(11)
    x = random.normal(size=(ROWS, FEATURES))
    y = np.eye(OUTPUTS)[random.integers(0, OUTPUTS, ROWS)]
    batches = [random.permutation(ROWS)[: 2 if number % 3 == 2 else 5] for number in range(steps)]
    return Replay(resolved(**{"batch_size": 5, **fields}), x, y, batches if steps > 1 else [range(ROWS)])


def numeric(run: Replay, parameters: Any, objective: Any, width: float = 1e-5) -> Any:
    """Central differences of an objective by every element of an array."""
    slope = np.zeros(parameters.shape)
    for index in np.ndindex(parameters.shape):
        value = parameters[index]
        parameters[index] = value + width
        above = objective()
        parameters[index] = value - width
        slope[index] = (above - objective()) / (2 * width)
        parameters[index] = value
    return slope


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("cost", COSTS, ids=label)
def test_the_gradient_is_the_slope_of_the_loss(cost: tuple[str, str], activation: str) -> None:
    loss, output = cost
    run = replay(architecture=[5, 4], activation=activation, loss=loss, output=output, init="scaled")
    of_weights, of_biases = run.data_gradient(0)
    for layer in run.layers:
        slope = numeric(run, run.weight(layer), run.loss)
        np.testing.assert_allclose(of_weights[layer], slope, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(
            of_biases[layer], numeric(run, run.bias(layer), run.loss), rtol=1e-5, atol=1e-8
        )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "squared_error", "absolute_error", "huber"])
def test_the_mean_over_outputs_scales_loss_and_gradient_alike(name: str) -> None:
    output = "sigmoid" if name == "binary_cross_entropy" else "identity"
    total, mean = (
        replay(loss={"name": name, "reduction": reduction}, output=output, init="scaled")
        for reduction in ("sum", "mean")
    )
    assert mean.loss() == pytest.approx(total.loss() / OUTPUTS)
    for one, other in zip(total.data_gradient(0)[0], mean.data_gradient(0)[0], strict=True):
        np.testing.assert_allclose(one / OUTPUTS, other, rtol=1e-12)


@pytest.mark.parametrize("penalty", sorted(set(PENALTIES.allowed) - {"none"}))
def test_one_plain_step_descends_the_penalized_objective(penalty: str) -> None:
    fields: dict[str, Any] = {
        "architecture": [5],
        "loss": "cross_entropy",
        "output": "softmax",
        "lambda": 2.0,
    }
    rate = 1e-3
    run = replay(
        **fields, penalty=penalty, l1_update="subgradient", optimizer={"name": "sgd", "learning_rate": rate}
    )
    slopes = [numeric(run, run.weight(layer), lambda: run.loss() + run.penalty()) for layer in run.layers]
    before = [run.weight(layer).copy() for layer in run.layers]
    run.step(0)
    for layer in run.layers:
        step = (before[layer] - run.weight(layer)) / rate
        np.testing.assert_allclose(step, slopes[layer], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("optimizer", "penalty", "update"), UPDATES, ids=label)
def test_blocks_of_the_update_cover_the_whole_row(
    optimizer: dict[str, Any], penalty: str, update: str
) -> None:
    x = np.random.default_rng(0).normal(size=(8, 300))
    experiment = resolved(
        architecture=[150, 40],
        loss="squared_error",
        output="identity",
        penalty=penalty,
        l1_update=update,
        optimizer={**optimizer, "learning_rate": 0.01},
        batch_size=8,
        **{"lambda": 0.1},
    )
    run = Replay(experiment, x, x[:, :2], [range(8)] * 3)
    for layer in run.layers:
        run.bias(layer)[...] = 0.1
    textbook = Trainer(experiment, Part(run.x, run.y))
    for layer, plain in enumerate(textbook.network.layers):
        plain.weights.value, plain.biases.value = run.weight(layer).copy(), run.bias(layer).copy()
    for number in range(3):
        run.step(number)
        textbook.step(Batch(np.arange(8), None, [None, None], 0.01))
    for layer, plain in enumerate(textbook.network.layers):
        np.testing.assert_allclose(run.weight(layer), plain.weights.value, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(run.bias(layer), plain.biases.value, rtol=1e-8, atol=1e-12)
