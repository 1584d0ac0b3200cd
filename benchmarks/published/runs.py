"""The runs behind the published figures: what a figure's ``config`` means, and training it for several seeds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import Dataset, Experiment, prepare, resolve
from engine.data import Part, Splits
from engine.data.dataset import with_ones
from engine.training import training
from engine.training.stack import start

__all__ = ["Curves", "Mnist", "Run", "document", "run_of", "train_run"]

Array = NDArray[Any]

# Figures of the text whose config leaves out how long and how fast: the run they are compared with says it.
_LIKE = {"epochs": 30, "eta": 0.5, "batch_size": 10, "l2": 0.0, "cost": "cross_entropy", "eval": "validation"}
_SIXTY = {"epochs": 60, "eta": 0.1}


@dataclass(frozen=True, slots=True)
class Run:
    """One experiment: ``rows`` of the training images, judged on ``judge`` (test, validation, first 100 of it)."""

    layers: tuple[int, ...]
    init: str
    loss: str
    rows: int
    judge: str
    epochs: int
    batch_size: int
    learning_rate: float
    lambda_: float
    precision: str
    judged_each_epoch: bool
    weights_each_epoch: bool


@dataclass(frozen=True, slots=True)
class Curves:
    """One seed's run: metrics by name, one entry per epoch, and weights (in, out) with biases per layer.

    ``weights`` has an entry per epoch, or none.
    """

    metrics: dict[str, list[float]]
    weights: list[list[tuple[Array, Array]]]
    initial: list[tuple[Array, Array]]
    final: list[tuple[Array, Array]]


class Mnist:
    """MNIST as the book splits it: 50,000 training, 10,000 validation, 10,000 test images, pixel = byte/256."""

    def __init__(self, path: str) -> None:
        with np.load(path) as arrays:
            x = arrays["x_train"].reshape(-1, 784).astype(np.float64) / 256
            y = arrays["y_train"].astype(np.intp)
            self.train = x[:50_000], y[:50_000]
            self.judges = {
                "validation": (x[50_000:], y[50_000:]),
                "first 100 validation": (x[50_000:50_100], y[50_000:50_100]),
                "test": (
                    arrays["x_test"].reshape(-1, 784).astype(np.float64) / 256,
                    arrays["y_test"].astype(np.intp),
                ),
            }


def run_of(figure: dict[str, Any]) -> Run:
    """The run behind a figure."""
    name, given = figure["id"], figure["config"]
    config = {**_LIKE, **(_SIXTY if ".60ep" in name else {}), **given}
    judge = re.sub(r"^(test|validation).*", r"\1", config["eval"])
    rows = config.get("n") or int(re.findall(r"\[:(\d+)\]", config["train"])[0])
    large = config.get("init", "default").startswith(("large", "N(0,1)"))
    hypotheses = isinstance(figure["published"], list)
    norms = figure["kind"] == "norm"
    return Run(
        layers=tuple(config["layers"]),
        init="large" if large and "N(0,1/" not in config["init"] else "scaled",
        loss="squared_error" if config["cost"] == "quadratic" else "binary_cross_entropy",
        rows=rows,
        judge=judge,
        epochs=len(figure["published"]) if hypotheses else config["epochs"] - norms,
        batch_size=config["batch_size"],
        learning_rate=config["eta"],
        lambda_=config["l2"],
        precision="float64" if hypotheses or norms else "float32",
        weights_each_epoch=hypotheses,
        judged_each_epoch=not (norms or hypotheses or name.startswith(("more_data", "eta"))),
    )


def train_run(run: Run, mnist: Mnist, seeds: Sequence[int]) -> list[Curves]:
    """Train one stack, a lane per seed."""
    x, y = mnist.train[0][: run.rows], mnist.train[1][: run.rows]
    judge = mnist.judges[run.judge] if run.judged_each_epoch else (x[:0], y[:0])
    dataset = Dataset(x, y, task="multiclass", classes=10)
    resolved = resolve(Experiment.from_document(document(run)), dataset.facts)
    splits = _unshuffled(prepare(dataset, resolved), x, y, *judge)
    lanes = [dataclasses.replace(resolved.experiment, seed=seed) for seed in seeds]
    curves = [Curves({}, [], _initial(lane, run.rows), []) for lane in lanes]
    for report in training(lanes, splits):
        for lane in report.lanes:
            for name, value in dataclasses.asdict(lane.metrics).items():
                curves[lane.lane].metrics.setdefault(name, []).append(value)
            if run.weights_each_epoch:
                curves[lane.lane].weights.append(_weights(lane.last().arrays))
            if lane.stop_reason:
                curves[lane.lane].final.extend(_weights(lane.last().arrays))
    return curves


def document(run: Run) -> dict[str, Any]:
    """The specification of a run, without its seed."""
    return {
        "architecture": list(run.layers[1:-1]),
        "activation": "sigmoid",
        "loss": run.loss,
        "penalty": "l2" if run.lambda_ else "none",
        "lambda": run.lambda_,
        "init": run.init,
        "optimizer": {"name": "sgd", "learning_rate": run.learning_rate},
        "batch_size": run.batch_size,
        "max_epochs": run.epochs,
        "precision": run.precision,
        "scaling": "none",
        "split": {"validation": 0, "test": 0},
    }


def _unshuffled(splits: Splits, x: Array, y: Array, judge_x: Array, judge_y: Array) -> Splits:
    dtype = splits.train.x.dtype

    def part(rows: Array, labels: Array) -> Part:
        inputs = with_ones(np.ascontiguousarray(rows, dtype))
        return Part(inputs, np.eye(10, dtype=dtype)[labels], labels)

    return dataclasses.replace(splits, train=part(x, y), validation=part(judge_x, judge_y))


def _initial(experiment: Experiment, rows: int) -> list[tuple[Array, Array]]:
    """The weights and biases a lane starts from."""
    stack = start([experiment], 784, 10, rows)
    row, layout = stack.parameters[0], stack.layout
    return [
        (layout.weight(row, layer).copy(), layout.bias(row, layer).copy()) for layer in range(layout.layers)
    ]


def _weights(arrays: dict[str, Array]) -> list[tuple[Array, Array]]:
    names = sorted(
        (name for name in arrays if name.endswith("weight")), key=lambda name: int(name.split(".")[0])
    )
    return [(arrays[name].T, arrays[name.replace("weight", "bias")]) for name in names]
