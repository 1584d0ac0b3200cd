"""Random specifications over the whole space, each with a small data set that it fits."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Column, Dataset
from engine.spec import ACTIVATIONS, LOSSES, SCHEDULES, resolve
from engine.spec.experiment import Experiment
from engine.spec.losses import LOSSES_OF_TASK, OUTPUTS_OF_LOSS
from engine.spec.metrics import scores_of

Array = NDArray[Any]

MOST_STEPS = 50
TASKS = tuple(LOSSES_OF_TASK)
INITS = ("large", "scaled", "lecun", "glorot", "he", "normal", "uniform", "orthogonal")
RATES = {"sgd": (0.01, 0.5), "adagrad": (0.01, 0.2), "rmsprop": (0.002, 0.05), "adam": (0.002, 0.05)}


class Dice:
    """Choices from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def one(self, *options: Any) -> Any:
        return options[self.random.integers(len(options))]

    def often(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def whole(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def between(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """A positive number whose logarithm is uniform."""
        return float(np.exp(self.random.uniform(np.log(low), np.log(high))))


def data_set(dice: Dice, task: str) -> Dataset:
    """Learnable rows of a task, every class among them, sometimes with columns of all kinds, weights or an order."""
    rows = dice.whole(20, MOST_STEPS)
    features = 260 if dice.often(0.08) else dice.whole(1, 6)
    outputs = dice.whole(1, 3)
    random = dice.random
    x = random.normal(size=(rows, features)) * dice.scale(0.1, 10) + dice.between(-1, 1)
    truth = x @ random.normal(size=(features, 3)) + random.normal(size=(rows, 3))
    truth -= np.median(truth, axis=0)
    classes = {"binary": 2, "multiclass": 3}.get(task)
    y: Any = {
        "binary": (truth[:, 0] > 0).astype(int),
        "multiclass": truth.argmax(axis=1),
        "multilabel": (truth[:, :outputs] > 0).astype(int),
        "regression": truth[:, :outputs] * 7 + 3,
    }[task]
    if classes:
        y[:classes] = np.arange(classes)
    weights = random.uniform(0, 3, rows) * dice.one(1, 1, 1e200) if dice.often(0.3) else None
    order = random.integers(0, 9, rows) if dice.often(0.3) else None
    columns = kinds(dice, x) if dice.often(0.2) else None
    data = Dataset(x, y, task, classes, columns=columns, weights=weights, order=order)
    return with_own_parts(dice, data) if dice.often(0.3) else data


def kinds(dice: Dice, x: Array) -> list[Column]:
    """Some columns of x (N, C) become categories, and in some numbers go missing."""
    found = [dice.one(Column(), Column(levels=4), Column(missing=True)) for _ in x.T]
    for column, values in zip(found, x.T, strict=True):
        if column.levels:
            values[...] = dice.random.integers(0, dice.whole(1, 4), len(values))
        elif column.missing:
            values[dice.random.random(len(values)) < dice.one(0.1, 0.9)] = np.nan
    return found


def with_own_parts(dice: Dice, data: Dataset) -> Dataset:
    """With test rows, perhaps validation rows, too; one of several numbers is constant, but not in them."""
    x, rows = data.x.copy(), slice(0, dice.whole(1, 9))
    number = np.array([not column.levels for column in data.columns or [Column()] * x.shape[1]])
    x[:, 1:2] = np.where(number[1:2], 0.1, x[:, 1:2])
    own: dict[str, Any] = {"x_test": data.x[rows] + number, "y_test": data.y[rows]}
    if dice.often(0.5):
        own |= {"x_validation": data.x[rows] - number, "y_validation": data.y[rows]}
    return dataclasses.replace(data, x=x, **own)


def split(dice: Dice, data: Dataset) -> dict[str, Any]:
    own: dict[str, Any] = {"seed": dice.whole(0, 999)}
    if dice.often(0.2):
        own["train_rows"] = dice.whole(3, 9)
    if data.x_test is not None and dice.often(0.5):
        return {"by": "dataset", **own}
    fractions = {
        "validation": dice.one(0.0, 0.1, 0.145, 0.25, dice.between(0, 0.4)),
        "test": dice.one(0.0, 0.1, 0.205, dice.between(0, 0.3)),
    }
    if data.order is not None:
        return {"by": "order", **fractions, **own}
    stratify = (True, False, "auto") if data.has_classes else (False, "auto")
    return {"by": "fractions", **fractions, "stratify": dice.one(*stratify), **own}


def parametric(dice: Dice, table: dict[str, dict[str, Any]], plain: tuple[str, ...]) -> Any:
    name = dice.one(*plain, *table)
    return {"name": name, **table[name]} if name in table else name


def activation(dice: Dice) -> Any:
    table = {"leaky_relu": {"negative_slope": dice.between(0, 0.5)}, "elu": {"alpha": dice.scale(0.2, 3)}}
    return parametric(dice, table, ACTIVATIONS.plain.allowed)


def init(dice: Dice) -> Any:
    name = "zeros" if dice.often(0.02) else dice.one(*INITS)
    if name in {"lecun", "glorot", "he"}:
        return f"{name}_{dice.one('normal', 'uniform')}"
    own = {"normal": "std", "uniform": "limit", "orthogonal": "gain"}.get(name)
    return {"name": name, own: dice.scale(0.1, 1.5)} if own else name


def penalty(dice: Dice) -> dict[str, Any]:
    kind = dice.one("none", "l1", "l2", "elastic_net")
    own = {} if kind == "none" else {"lambda": dice.scale(0.01, 3)}
    return {"name": kind, **own, **({"l1_ratio": dice.between(0, 1)} if kind == "elastic_net" else {})}


def penalty_of_layer(dice: Dice) -> Any:
    own = penalty(dice)
    return own["name"] if own["name"] == "none" else own


def layer(dice: Dice) -> dict[str, Any]:
    found: dict[str, Any] = {"units": dice.whole(1, 7)}
    options = {
        "activation": (0.5, activation),
        "dropout": (0.4, lambda dice: dice.between(0.05, 0.8)),
        "batch_norm": (0.3, lambda dice: True),
        "init": (0.5, init),
        "penalty": (0.3, penalty_of_layer),
    }
    return found | {name: draw(dice) for name, (share, draw) in options.items() if dice.often(share)}


def optimizer(dice: Dice, least_epsilon: float) -> dict[str, Any]:
    name = dice.one("sgd", "sgd", "adagrad", "rmsprop", "adam", "adamw")
    low, high = RATES[name.removesuffix("w")]
    momentum = dice.one(0.0, dice.between(0.1, 0.95))
    table: dict[str, dict[str, Any]] = {
        "sgd": {"momentum": momentum, "nesterov": bool(momentum) and dice.often(0.5)},
        "adagrad": {},
        "rmsprop": {"rho": dice.between(0.3, 0.99), "centered": dice.often(0.5), "momentum": momentum},
        "adam": {"beta1": dice.between(0.1, 0.95), "beta2": dice.between(0.3, 0.999)},
    }
    own = table[name.removesuffix("w")]
    if name != "sgd":
        own["epsilon"] = dice.scale(least_epsilon, 1e-2)
    if name == "adamw":
        own["weight_decay"] = dice.scale(0.001, 1)
    return {"name": name, "learning_rate": dice.scale(low, high), **own}


def schedule(dice: Dice) -> dict[str, Any]:
    name = dice.one(*SCHEDULES.parametric)
    length = dice.one(None, dice.whole(1, MOST_STEPS))
    table: dict[str, dict[str, Any]] = {
        "step": {"step_size": dice.whole(1, 20), "gamma": dice.between(0.3, 1)},
        "multistep": {
            "milestones": sorted(dice.whole(1, 40) for _ in range(dice.whole(1, 4))),
            "gamma": dice.between(0.3, 1),
        },
        "exponential": {"gamma": dice.between(0.8, 1)},
        "inverse_time": {"decay": dice.scale(0.01, 2)},
        "polynomial": {"total_steps": length, "power": dice.scale(0.3, 3)},
        "cosine": {"period": length, "min_learning_rate": dice.one(0.0, 0.001)},
        "one_cycle": {"total_steps": length},
        "warmup_cosine": {"total_steps": length},
        "plateau": {
            "patience": dice.whole(0, 3),
            "factor": dice.between(0.2, 0.9),
            "cooldown": dice.whole(0, 2),
            "min_delta": dice.one(0.0, dice.scale(0.001, 0.3)),
            "min_learning_rate": dice.one(0.0, 0.005),
        },
    }
    own = table.get(name, {})
    if dice.often(0.5):
        own["warmup_steps"] = dice.whole(0, 12)
    return {"name": name, **own}


def loss(dice: Dice, task: str) -> tuple[Any, str]:
    """A loss of the task, and an output that it can have."""
    name = dice.one(*LOSSES_OF_TASK[task])
    outputs = OUTPUTS_OF_LOSS[name]
    output = dice.one(*outputs)
    if name not in LOSSES.parametric:
        return name, output
    own = {"delta": dice.scale(0.1, 3)} if name == "huber" else {}
    return {"name": name, "reduction": dice.one("sum", "mean"), **own}, output


def patience(dice: Dice, task: str, *, validates: bool) -> dict[str, Any]:
    scores = scores_of(task)
    parts = ("train", "val") if validates else ("train",)
    monitors = [f"{part}_{metric}" for part in parts for metric in ("loss", *scores)]
    return {
        "monitor": dice.one("objective", *monitors),
        "patience": dice.one(None, 0, 1, 2, 3),
        "min_delta": dice.one(0.0, dice.scale(0.001, 0.1)),
        "start_from_epoch": dice.one(0, 0, 1, 3),
        "baseline": dice.one(None, dice.between(0, 1)),
    }


def document(dice: Dice, data: Dataset) -> dict[str, Any]:
    """A specification that fits the data set, but for the length of the run.

    Biases below a batch normalization change nothing. Their gradient is 0 but for rounding, which an adaptive
    optimizer with a tiny ε would make large; so ε is at least its default of 1e-8 where there is such a layer.
    """
    loss_, output = loss(dice, data.task)
    smooth = "cross_entropy" in str(loss_)
    weights = ("balanced", {"0": dice.scale(0.2, 5)}) if data.has_classes else (None,)
    kind = penalty(dice)
    layers = [layer(dice) for _ in range(dice.one(0, 1, 1, 2, 3))]
    return {
        "architecture": layers,
        "activation": activation(dice),
        "penalty": kind.pop("name"),
        **kind,
        "l1_update": dice.one("proximal", "subgradient"),
        "init": init(dice),
        "bias_init": dice.one(
            None, None, "zeros", {"name": "normal", "std": 0.3}, {"name": "uniform", "limit": 0.4}
        ),
        "optimizer": optimizer(dice, 1e-8 if any("batch_norm" in each for each in layers) else 1e-10),
        "schedule": schedule(dice),
        "clip_norm": dice.one(None, None, dice.scale(0.02, 2)),
        "max_norm": dice.one(None, None, dice.scale(0.3, 3)),
        "loss": loss_,
        "output": output,
        "scaling": dice.one("standardize", "standardize", "none", {"divide_by": dice.scale(0.5, 5)}),
        "class_weight": dice.one(None, *weights),
        "label_smoothing": dice.one(0.0, dice.between(0.05, 0.5)) if smooth else 0.0,
        "input_dropout": dice.one(0.0, 0.0, dice.between(0.05, 0.6)),
        "target_scaling": dice.one("standardize", "none"),
        "label_noise": dice.one(0.0, dice.between(0, 0.5)) if data.has_classes else 0.0,
        "split": split(dice, data),
        "seed": dice.whole(0, 2**40),
        "precision": "float64",
    }


def random_problem(seed: int) -> tuple[Dataset, Experiment]:
    """A data set and an experiment on it of at most MOST_STEPS steps."""
    dice = Dice(seed)
    task = dice.one(*TASKS)
    data = data_set(dice, task)
    fields = document(dice, data)
    found = resolve(Experiment.from_document(fields), data.facts).rows
    rows, fields = found.train, fields | patience(dice, task, validates=found.validation > 0)
    batch_size = dice.one(1, 7, rows, rows + 5, dice.whole(max(1, rows // 6), rows))
    steps = -(-rows // batch_size)
    epochs = dice.whole(1, max(1, min(12, MOST_STEPS // steps)))
    return data, Experiment.from_document({**fields, "batch_size": batch_size, "max_epochs": epochs})
