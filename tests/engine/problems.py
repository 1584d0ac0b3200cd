"""Small problems for every table entry: data of each task and the experiments that fit them."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Dataset, Splits, prepare
from engine.network.activations import ACTIVATIONS
from engine.network.losses import LOSSES
from engine.spec import Experiment, resolve

Array = NDArray[Any]

OPTIMIZERS: tuple[dict[str, Any], ...] = (
    {"name": "sgd", "learning_rate": 0.3},
    {"name": "sgd", "learning_rate": 0.1, "momentum": 0.8},
    {"name": "sgd", "learning_rate": 0.1, "momentum": 0.8, "nesterov": True},
    {"name": "adagrad", "learning_rate": 0.05},
    {"name": "rmsprop", "learning_rate": 0.01},
    {"name": "rmsprop", "learning_rate": 0.01, "centered": True},
    {"name": "rmsprop", "learning_rate": 0.01, "momentum": 0.5},
    {"name": "adam", "learning_rate": 0.02},
    {"name": "adamw", "learning_rate": 0.02, "weight_decay": 0.1},
)
COSTS = sorted(LOSSES)
UPDATES = [
    *product(OPTIMIZERS, ("none", "l2"), ("proximal",)),
    *product(OPTIMIZERS, ("l1", "elastic_net"), ("proximal", "subgradient")),
]


SCHEDULES: tuple[dict[str, Any], ...] = (
    {"name": "constant", "warmup_steps": 9},
    {"name": "step", "step_size": 7, "gamma": 0.5},
    {"name": "multistep", "milestones": [3, 12], "warmup_steps": 4},
    {"name": "exponential", "gamma": 0.9},
    {"name": "inverse_time", "decay": 0.1},
    {"name": "polynomial", "power": 2.0},
    {"name": "cosine", "period": 11, "min_learning_rate": 0.001},
    {"name": "one_cycle"},
    {"name": "warmup_cosine", "warmup_steps": 5},
    {"name": "plateau", "patience": 1, "factor": 0.5, "cooldown": 1, "min_delta": 0.2},
)
EVERYTHING: dict[str, Any] = {
    "clip_norm": 0.5,
    "max_norm": 1.5,
    "input_dropout": 0.1,
    "label_smoothing": 0.1,
    "class_weight": "balanced",
    "bias_init": {"name": "uniform", "limit": 0.1},
    "init": {"name": "orthogonal", "gain": 1.2},
}
"""Every option that is on or off, switched on."""


def label(value: Any) -> str:
    """The name of a parameter of a test."""
    if isinstance(value, dict):
        return "-".join([value["name"], *(str(key) for key in value if key not in {"name", "learning_rate"})])
    return "-".join(value) if isinstance(value, tuple) else str(value)


def dataset(task: str, rows: int = 60, features: int = 5, seed: int = 3) -> Dataset:
    """Learnable data of a task."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features))
    truth = x @ random.normal(size=(features, 3)) + 0.3 * random.normal(size=(rows, 3))
    y = {
        "binary": (truth[:, 0] > 0).astype(int),
        "multiclass": truth.argmax(axis=1),
        "multilabel": (truth > 0).astype(int),
        "regression": truth[:, :2],
    }[task]
    return Dataset(x, y, task, {"binary": 2, "multiclass": 3}.get(task))


def prepared(data: Dataset, **fields: Any) -> tuple[Experiment, Splits]:
    """A resolved experiment and its arrays."""
    found = resolve(Experiment.from_document({"seed": 7, **fields}), data.facts)
    return found.experiment, prepare(data, found)


def layers(units: int = 4, dropout: float = 0.0) -> list[dict[str, Any]]:
    """One layer of every activation, so that one experiment covers the table."""
    return [{"units": units, "activation": name, "dropout": dropout} for name in ACTIVATIONS]
