"""Nielsen's network on 1,000 MNIST images, replayed from fixed weights in a fixed order: exact correct-counts.

The training rows ship with the product. Validation and test counts need the complete MNIST, as the npz file that
the environment variable MNIST names.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.harness import Replay, resolved
from tests.truth import oracle
from tests.truth.mnist import evaluate, images

Array = NDArray[Any]

LAYERS = (1, 2)


def left_out(config: dict[str, Any]) -> str:
    return "" if "test" in images() else "counts on validation and test images (MNIST=path/of/mnist.npz)"


CONFIGS = oracle.cases("replay_mnist1000.json", "configs", left_out=left_out)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_epoch_counts_the_same_images_correct(config: dict[str, Any]) -> None:
    archive = oracle.arrays("replay_mnist1000.npz")
    replay = loaded(config, archive)
    per_epoch = len(replay.steps) // config["epochs"]
    for epoch, expected in enumerate(config["curves"]):
        for step in range(epoch * per_epoch, (epoch + 1) * per_epoch):
            replay.step(step)
        for name, (x, y) in splits().items():
            found = evaluate(replay, x, y)
            assert round(float(found.scores["accuracy"] or 0) * len(y)) == expected[f"{name}_correct"]
            assert found.loss == pytest.approx(expected[f"{name}_data_cost"], rel=1e-9)
            if name == "train":
                cost = found.loss + replay.penalty()
                assert cost == pytest.approx(expected["train_cost_with_penalty"], rel=1e-9)
        assert norms(replay) == pytest.approx(
            [expected["sum_w2"], expected["sum_abs_w"], expected["sum_b2"]], rel=1e-9
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
    x, labels = splits()["train"]
    starts = range(config["batch_size"], len(x), config["batch_size"])
    batches = [rows for order in archive["order"] for rows in np.split(order, starts)]
    replay = Replay(experiment, x, np.eye(10)[labels], batches)
    replay.load(
        [archive[f"{config['init']}_W{number}"].T for number in LAYERS],
        [archive[f"{config['init']}_b{number}"] for number in LAYERS],
    )
    return replay


def splits() -> dict[str, tuple[Array, Array]]:
    """The images by split, of those for training the first 1,000."""
    x, labels = images()["train"]
    return {**images(), "train": (x[:1000], labels[:1000])}


def norms(replay: Replay) -> list[float]:
    """Σw², Σ|w| and Σb² over all layers."""
    weights = np.concatenate([replay.weight(layer).ravel() for layer in replay.layers])
    biases = np.concatenate([replay.bias(layer) for layer in replay.layers])
    return [float(np.square(weights).sum()), float(np.abs(weights).sum()), float(np.square(biases).sum())]
