"""The images that the published runs were trained and judged on, and a network's score on them."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Part
from engine.data.dataset import with_ones
from engine.training.evaluation import Evaluation, Evaluator
from tests.engine.harness import Replay

Array = NDArray[Any]

MINI = Path(__file__).parents[2] / "service/datasets/builtin/mnist-mini.npz"


@cache
def images() -> dict[str, tuple[Array, Array]]:
    """Pixels in [0, 1) and labels of each split that is at hand.

    The first 1,000 training images ship with the product. The others need the complete MNIST, as the npz file that the
    environment variable MNIST names.
    """
    with np.load(MINI) as archive:
        found = {"train": (archive["x"], archive["y"])}
    if os.environ.get("MNIST"):
        with np.load(os.environ["MNIST"]) as archive:
            found["train"] = (archive["x_train"][:50_000], archive["y_train"][:50_000])
            found["validation"] = (archive["x_train"][50_000:], archive["y_train"][50_000:])
            found["test"] = (archive["x_test"], archive["y_test"])
    return {name: (x.reshape(len(x), 784) / 256, y.astype(np.intp)) for name, (x, y) in found.items()}


def evaluate(replay: Replay, x: Array, labels: Array) -> Evaluation:
    network, layout = replay.stack.network, replay.stack.layout
    part = Part(with_ones(x), np.eye(10)[labels], labels)
    return Evaluator(network, layout, part, None)(replay.stack.parameters[0])
