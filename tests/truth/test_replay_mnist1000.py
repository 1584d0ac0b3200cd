"""Nielsen's network on 1,000 MNIST images, replayed from fixed weights in a fixed order: exact correct-counts.

The training rows ship with the product. Validation and test counts need the complete MNIST, as the npz file that
the environment variable MNIST names.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import Part, with_ones
from engine.evaluation import Evaluation, Evaluator
from tests.engine.harness import Replay, resolved
from tests.truth import oracle

Array = NDArray[Any]

MINI = Path(__file__).parents[2] / "service/datasets/builtin/mnist-mini.npz"
CONFIGS = oracle.cases("replay_mnist1000.json", "configs")
LAYERS = (1, 2)


@cache
def images() -> dict[str, tuple[Array, Array]]:
    """Pixels in [0, 1) and labels of each split that is at hand."""
    with np.load(MINI) as archive:
        found = {"train": (archive["x"], archive["y"])}
    if "MNIST" in os.environ:
        with np.load(os.environ["MNIST"]) as archive:
            found["validation"] = (archive["x_train"][50_000:], archive["y_train"][50_000:])
            found["test"] = (archive["x_test"], archive["y_test"])
    return {name: (x.reshape(len(x), 784) / 256, y.astype(np.intp)) for name, (x, y) in found.items()}


@pytest.mark.parametrize("config", CONFIGS)
def test_every_epoch_counts_the_same_images_correct(config: dict[str, Any]) -> None:
    archive = oracle.arrays("replay_mnist1000.npz")
    replay = loaded(config, archive)
    per_epoch = len(replay.steps) // config["epochs"]
    for epoch, expected in enumerate(config["curves"]):
        for step in range(epoch * per_epoch, (epoch + 1) * per_epoch):
            replay.step(step)
        for name, (x, y) in images().items():
            found = evaluate(replay, x, y)
            assert round(float(found.scores["accuracy"] or 0) * len(y)) == expected[f"{name}_correct"]
            assert found.loss == pytest.approx(expected[f"{name}_data_cost"], rel=1e-9)
        assert replay.penalty() + found_loss(replay) == pytest.approx(
            expected["train_cost_with_penalty"], rel=1e-9
        )
    for layer, number in enumerate(LAYERS):
        truth = archive[f"{config['name']}_final_W{number}"], archive[f"{config['name']}_final_b{number}"]
        np.testing.assert_allclose(replay.weight(layer).T, truth[0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(replay.bias(layer), truth[1], rtol=0, atol=1e-9)


def loaded(config: dict[str, Any], archive: dict[str, Array]) -> Replay:
    strength = config["l1"] + config["l2"]
    experiment = resolved(
        architecture=[len(archive[f"{config['init']}_b1"])],
        activation="sigmoid",
        output="sigmoid",
        loss="binary_cross_entropy",
        optimizer={"name": "sgd", "learning_rate": config["eta"]},
        batch_size=config["batch_size"],
        penalty="elastic_net",
        l1_ratio=config["l1"] / strength if strength else 0.0,
        l1_update="subgradient",
        **{"lambda": strength},
    )
    x, labels = images()["train"]
    starts = range(config["batch_size"], len(x), config["batch_size"])
    batches = [rows for order in archive["order"] for rows in np.split(order, starts)]
    replay = Replay(experiment, x, np.eye(10)[labels], batches)
    replay.load(
        [archive[f"{config['init']}_W{number}"].T for number in LAYERS],
        [archive[f"{config['init']}_b{number}"] for number in LAYERS],
    )
    return replay


def evaluate(replay: Replay, x: Array, labels: Array) -> Evaluation:
    network, layout = replay.stack.network, replay.stack.layout
    part = Part(with_ones(x), np.eye(10)[labels], labels)
    evaluator = Evaluator(network, layout, part, None)
    return evaluator(replay.stack.parameters[0])


def found_loss(replay: Replay) -> float:
    return evaluate(replay, *images()["train"]).loss
