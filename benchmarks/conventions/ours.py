"""The engine's side: a small network from known weights, the batches that it trains on, and where it ends."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.data import Dataset, prepare  # the engine first: it prepares BLAS before NumPy is loaded
from engine.spec import Experiment, equivalents, resolve
from engine.streams import Purpose, stream
from engine.training import train

import numpy as np  # isort: skip
from numpy.typing import NDArray  # isort: skip

__all__ = ["BATCH", "EPOCHS", "HIDDEN", "RATE", "ROWS", "Array", "Problem", "Trained"]

Array = NDArray[Any]

ROWS, FEATURES, OUTPUTS, HIDDEN, BATCH, EPOCHS, SEED = 200, 6, 3, 8, 50, 20, 7
RATE = 0.125
"""The same number in float32, in which Keras keeps it."""
_SHARED: dict[str, Any] = {
    "precision": "float64",
    "scaling": "none",
    "target_scaling": "none",
    "split": {"validation": 0, "test": 0, "stratify": False},
    "seed": SEED,
}


@dataclass(frozen=True)
class Trained:
    """``weights`` are (fan_in, fan_out) by layer, at the end; ``there`` are the numbers that other tools take."""

    lambda_: float
    weights: list[Array]
    there: dict[str, dict[str, Any]]


class Problem:
    """Numbers drawn at random with a linear rule in them; of classes, or with real targets."""

    def __init__(self, task: str, classes: int = OUTPUTS) -> None:
        generator = np.random.default_rng(0)
        x = generator.standard_normal((ROWS, FEATURES))
        scores = x @ generator.standard_normal((FEATURES, classes)) + generator.standard_normal(
            (ROWS, classes)
        )
        y = scores[:, 0] if task == "regression" else scores.argmax(axis=1)
        self.data = Dataset(x, y, task=task, classes=None if task == "regression" else classes)
        found = prepare(self.data, resolve(Experiment(**_SHARED), self.data.facts)).train
        self.x: Array = np.ascontiguousarray(found.x)
        self.y: Array = found.targets[:, 0] if found.labels is None else found.labels

    def initial(self, architecture: list[int], outputs: int) -> list[tuple[Array, Array]]:
        """[(weights (in, out), biases (out,)), ...] to begin with."""
        generator = np.random.default_rng(1)
        sizes = [FEATURES, *architecture, outputs]
        return [
            (generator.standard_normal((fan_in, fan_out)) / 2, generator.standard_normal(fan_out) / 2)
            for fan_in, fan_out in itertools.pairwise(sizes)
        ]

    def batches(self) -> Iterator[tuple[Array, Array]]:
        """The batches of all epochs, in the engine's own order."""
        order = stream(SEED, Purpose.ORDER)
        for _ in range(EPOCHS):
            for rows in order.permutation(ROWS).reshape(-1, BATCH):
                yield self.x[rows], self.y[rows]

    def trained(self, initial: list[tuple[Array, Array]], **fields: Any) -> Trained:
        """Where the engine ends from these weights."""
        spec: dict[str, Any] = {
            **_SHARED,
            "architecture": [{"units": HIDDEN, "activation": "tanh"}] if len(initial) > 1 else [],
            "optimizer": {"name": "sgd", "learning_rate": RATE},
            "batch_size": BATCH,
            "max_epochs": EPOCHS,
            "l1_update": "subgradient",
            **fields,
        }
        experiment = Experiment.from_document(spec)
        found = resolve(experiment, self.data.facts).experiment
        drawn = train(dataclasses.replace(experiment, max_epochs=1), self.data).last
        names = [name.removesuffix(".weight") for name in drawn.arrays if name.endswith(".weight")]
        arrays: dict[str, Array] = {}
        for name, (weights, biases) in zip(names, initial, strict=True):
            arrays |= {f"{name}.weight": np.ascontiguousarray(weights.T), f"{name}.bias": biases}
        result = train(experiment, self.data, initial=dataclasses.replace(drawn, arrays=arrays))
        ended = [result.last.arrays[f"{name}.weight"].T for name in names]
        return Trained(found.lambda_, ended, equivalents(found, ROWS))
