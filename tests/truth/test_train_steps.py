"""Whole training steps against PyTorch in float64: every loss, optimizer, penalty and schedule of the oracle."""

from typing import Any

import numpy as np
import pytest

from engine.spec import Experiment
from engine.targets import smoothed
from tests.engine.harness import Replay, resolved
from tests.truth import oracle

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


def schedule(given: dict[str, Any]) -> dict[str, Any]:
    """The oracle's schedule in our words."""
    names = {"T_max": "period", "eta_min": "min_learning_rate", "total_iters": "total_steps"}
    found = {names.get(name, name): value for name, value in given.items()}
    return {**found, "name": "constant"} if given["name"] == "linear_warmup" else found


@pytest.mark.parametrize("case", CASES)
def test_every_step_is_the_oracles(case: dict[str, Any]) -> None:
    expected, config = case["expect"], case["config"]
    spec = experiment(config)
    targets = smoothed(np.array(case["Y"], float), spec.loss, spec.label_smoothing)
    replay = Replay(spec, np.array(case["X"]), targets, case["batches"])
    replay.load([np.array(weight).T for weight in case["W0"]], case["b0"])
    close(replay.loss(), expected["initial_data_loss"])
    close(replay.loss() + replay.penalty(), expected["initial_cost"])
    for number in range(len(case["batches"])):
        if not case["dropout_masks"]:
            close(replay.loss(case["batches"][number]), expected["batch_data_loss_before_step"][number])
        replay.step(number, masks(case, number))
        if snapshot := expected["weights_after_step"].get(str(number + 1)):
            for layer in replay.layers:
                close(replay.weight(layer).T, snapshot["W"][layer])
                close(replay.bias(layer), snapshot["b"][layer])
    close(replay.loss(), expected["final_data_loss"])
    close(replay.loss() + replay.penalty(), expected["final_cost"])


def masks(case: dict[str, Any], number: int) -> list[Any] | None:
    """Our masks carry the scale 1/(1-p), the oracle's are 0 and 1."""
    if not case["dropout_masks"]:
        return None
    return [np.array(mask) / (1 - case["config"]["dropout"]) for mask in case["dropout_masks"][number]]


def close(ours: Any, truth: Any) -> None:
    np.testing.assert_allclose(ours, truth, rtol=1e-9, atol=1e-11)
