"""What is timed: six workloads, with the data and the initial weights that every contender starts from.

W1 [784, 30, 10] on 50,000 MNIST images, sigmoid, binary cross-entropy, SGD on batches of 10, L2. W2 the same network
on 1,000 images, evaluated on 11,000 rows after every epoch. W3 digits, [64, 64, 32, 10], relu, Adam on 32. W4
[784, 256, 128, 10], Adam on 128. W5 [784, 1024, 1024, 10] on 10,000 images, momentum on 256. W6a and W6b: 32 lanes of
W3, and of [784, 30, 10] on 5,000 images, each with its own λ and seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAMBDAS", "Workload", "load"]

Array = NDArray[Any]

BUILTIN = Path(__file__).parents[2] / "service/datasets/builtin"
LANES = 32
DIGITS = 1797
LAMBDAS = (0.0, 0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class Workload:
    """One workload. ``unit_epochs`` epochs of all lanes are one timed unit."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    loss: str
    optimizer: str
    learning_rate: float
    batch: int
    rows: int
    lambda_: float = 0.0
    unit_epochs: int = 1
    evaluated: bool = False
    lanes: tuple[tuple[float, int], ...] = ((0.0, 0),)
    data: dict[str, Array] = field(default_factory=dict, repr=False)

    def initial(self, seed: int) -> list[tuple[Array, Array]]:
        """[(weights (in, out), biases (out,)), ...], float64."""
        random = np.random.default_rng(1000 + seed)
        gain = np.sqrt(2.0) if self.activation == "relu" else 1.0
        layers = []
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            weights = random.standard_normal((fan_in, fan_out)) * gain / np.sqrt(fan_in)
            bias = np.zeros(fan_out) if self.activation == "relu" else random.standard_normal(fan_out)
            layers.append((weights, bias))
        return layers


_SWEEP = tuple((LAMBDAS[lane % len(LAMBDAS)], lane // len(LAMBDAS)) for lane in range(LANES))
_NIELSEN: dict[str, Any] = {
    "sizes": (784, 30, 10),
    "activation": "sigmoid",
    "loss": "binary_cross_entropy",
    "optimizer": "sgd",
    "learning_rate": 0.5,
    "batch": 10,
}
_RELU: dict[str, Any] = {"activation": "relu", "loss": "cross_entropy", "learning_rate": 1e-3}
_DIGITS: dict[str, Any] = {
    **_RELU,
    "sizes": (64, 64, 32, 10),
    "optimizer": "adam",
    "batch": 32,
    "rows": DIGITS,
}

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("W1", **_NIELSEN, rows=50_000, lambda_=5.0, lanes=((5.0, 0),)),
        Workload("W2", **_NIELSEN, rows=1_000, unit_epochs=20, evaluated=True),
        Workload("W3", **_DIGITS, unit_epochs=5),
        Workload("W4", **_RELU, sizes=(784, 256, 128, 10), optimizer="adam", batch=128, rows=50_000),
        Workload(
            "W5",
            **{**_RELU, "learning_rate": 0.05},
            sizes=(784, 1024, 1024, 10),
            optimizer="momentum",
            batch=256,
            rows=10_000,
        ),
        Workload("W6a", **_DIGITS, lanes=_SWEEP),
        Workload("W6b", **_NIELSEN, rows=5_000, lanes=_SWEEP),
    )
}


def load(name: str, mnist: str) -> Workload:
    """The workload with its data: ``x`` and ``y``, and ``x_test`` and ``y_test`` for what is evaluated besides."""
    workload = WORKLOADS[name]
    if workload.rows == DIGITS:
        with np.load(BUILTIN / "digits.npz") as archive:
            x, y = archive["x"].reshape(-1, 64) / np.float32(16), archive["y"].astype(np.int64)
        workload.data.update(x=x.astype(np.float32), y=y, x_test=x.astype(np.float32), y_test=y)
        return workload
    with np.load(mnist) as archive:
        for source, target in (("train", ""), ("test", "_test")):
            rows = slice(None, workload.rows if source == "train" else None)
            pixels = archive[f"x_{source}"][rows].reshape(-1, 784).astype(np.float32)
            workload.data[f"x{target}"] = pixels / np.float32(255)
            workload.data[f"y{target}"] = archive[f"y_{source}"][rows].astype(np.int64)
    return workload
