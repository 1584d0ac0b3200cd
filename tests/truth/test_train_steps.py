"""Whole training steps against PyTorch in float64: every loss, optimizer, penalty and schedule of the oracle."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.targets import smoothed
from engine.kernels import run
from engine.network.passes import forward
from engine.optimization.penalties import smooth_gradient
from engine.optimization.schedules import rates
from engine.spec import Experiment
from tests.engine.harness import Replay, resolved
from tests.truth import oracle
from tests.truth.translation import schedule

Array = NDArray[Any]

LOSSES = {
    "softmax_ce": "cross_entropy",
    "cross_entropy_sigmoid": "binary_cross_entropy",
    "quadratic": "squared_error",
    "mse": "mean_squared_error",
    "bce": {"name": "binary_cross_entropy", "reduction": "mean"},
    "huber": {"name": "huber", "reduction": "mean"},
}
PARAMETERS = {"lr": "learning_rate", "eps": "epsilon"}
CASES = oracle.cases("train_steps.json")
SLOPE = oracle.document("train_steps.json").get("leaky_relu_slope")
ACTIVATIONS = {"linear": "identity", "leaky_relu": {"name": "leaky_relu", "negative_slope": SLOPE}}


def experiment(config: dict[str, Any]) -> Experiment:
    """The oracle's configuration in our words."""
    l1, l2 = config["l1"], config["l2"]
    optimizer = {PARAMETERS.get(name, name): value for name, value in config["optimizer"].items()}
    fields: dict[str, Any] = {
        "architecture": [{"units": units, "dropout": config["dropout"]} for units in config["layers"][1:-1]],
        "activation": ACTIVATIONS.get(config["hidden_activation"], config["hidden_activation"]),
        "output": ACTIVATIONS.get(config["output_activation"], config["output_activation"]),
        "loss": LOSSES.get(config["loss"], config["loss"]),
        "optimizer": optimizer,
        "batch_size": config["batch_size"],
        "l1_update": "subgradient",
    }
    if l1 or l2:
        fields |= {"penalty": "elastic_net", "lambda": l1 + l2, "l1_ratio": l1 / (l1 + l2)}
    if "delta" in config:
        fields["loss"] = {**fields["loss"], "delta": config["delta"]}
    if config["schedule"]:
        fields["schedule"] = schedule(config["schedule"])
    if config.get("label_smoothing"):
        fields["label_smoothing"] = config["label_smoothing"]
    return resolved(**fields)


@pytest.mark.parametrize("case", CASES)
def test_every_step_is_the_oracles(case: dict[str, Any]) -> None:
    expected, replay = case["expect"], loaded(case)
    close(replay.loss(), expected["initial_data_loss"])
    close(replay.loss() + replay.penalty(), expected["initial_cost"])
    close_layers(replay, gradient(replay, masks(case, 0)), expected["first_step_gradient"])
    for number in range(len(case["batches"])):
        close(
            batch_loss(replay, number, masks(case, number)), expected["batch_data_loss_before_step"][number]
        )
        replay.step(number, masks(case, number))
        if snapshot := expected["weights_after_step"].get(str(number + 1)):
            weights = [replay.weight(layer) for layer in replay.layers]
            close_layers(replay, (weights, [replay.bias(layer) for layer in replay.layers]), snapshot)
    close(replay.loss(), expected["final_data_loss"])
    close(replay.loss() + replay.penalty(), expected["final_cost"])


@pytest.mark.parametrize("case", CASES)
def test_every_step_has_the_oracles_learning_rate(case: dict[str, Any]) -> None:
    spec, steps = experiment(case["config"]), len(case["batches"])
    found = rates(spec.schedule, spec.optimizer.learning_rate, np.arange(steps, dtype=np.float64), steps)
    close(found, case["expect"]["lr_per_step"])


def loaded(case: dict[str, Any]) -> Replay:
    """The oracle's network before its first step."""
    spec = experiment(case["config"])
    targets = smoothed(np.array(case["Y"], float), spec.loss, spec.label_smoothing)
    replay = Replay(spec, np.array(case["X"]), targets, case["batches"])
    replay.load([np.array(weight).T for weight in case["W0"]], case["b0"])
    return replay


def masks(case: dict[str, Any], number: int) -> list[Any] | None:
    """Our masks carry the scale 1/(1-p), the oracle's are 0 and 1."""
    if not case["dropout_masks"]:
        return None
    return [np.array(mask) / (1 - case["config"]["dropout"]) for mask in case["dropout_masks"][number]]


def gradient(replay: Replay, dropped: list[Any] | None) -> tuple[list[Array], list[Array]]:
    """The gradient of the objective, penalty included, on the first batch."""
    weights, biases = replay.data_gradient(0, dropped)
    for segment in replay.stack.segments:
        weight, strength = replay.weight(segment.layer), segment.strengths[0]
        l1, l2 = np.array(strength.l1), np.array(strength.l2)
        run(smooth_gradient(weight, weights[segment.layer], l1, l2, np.zeros_like(weight)))
    return weights, biases


def batch_loss(replay: Replay, number: int, dropped: list[Any] | None) -> float:
    """The mean data loss on the batch of step ``number``, under its masks."""
    buffers, network = replay.gather(number, dropped).buffers, replay.stack.network
    rows = np.zeros(len(replay.steps[number]))
    run(forward(network, replay.stack.layout, replay.stack.parameters[0], buffers, {}))
    run(network.cost.row_losses(buffers.logits, buffers.y, rows, buffers.narrow, buffers.wide))
    return float(rows.mean()) * network.cost.factor(network.sizes[-1])


def close_layers(replay: Replay, ours: tuple[list[Array], list[Array]], truth: dict[str, Any]) -> None:
    """Compare weights (fan_in, fan_out) with the oracle's (fan_out, fan_in), and biases, of every layer."""
    for layer in replay.layers:
        close(ours[0][layer].T, truth["W"][layer])
        close(ours[1][layer], truth["b"][layer])


def close(ours: Any, truth: Any) -> None:
    np.testing.assert_allclose(ours, truth, rtol=1e-9, atol=1e-11)
