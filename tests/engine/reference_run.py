"""A whole run in plain NumPy, from prepared arrays: its random numbers, epochs, metrics and decisions.

Written from docs/numerics.md. ``splits`` has the arrays of ``engine.data.prepare``, which ``reference_data`` checks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Part, Splits
from engine.spec import Experiment, PerLayer, layer_sizes, variant_name
from tests.engine.formulas import OUTPUTS, initial_biases, initial_weights, learning_rate, row_losses
from tests.engine.reference import Normalization, Parameter, Reference

Array = NDArray[Any]

WEIGHTS, ORDER, DROPOUT = 0, 1, 2
"""The purposes of random numbers, each with a stream of its own."""


def stream(seed: int, purpose: int) -> np.random.Generator:
    """The stream of random numbers for a purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(purpose,))))


def untrained(experiment: Experiment, splits: Splits) -> Reference:
    """The network before its first step: weights, then biases, layer by layer from one stream."""
    sizes = layer_sizes(experiment, splits.train.x.shape[1], splits.train.targets.shape[1])
    random = stream(experiment.seed or 0, WEIGHTS)
    last = experiment.init.layers[-1] if isinstance(experiment.init, PerLayer) else experiment.init
    inits = [*(layer.init for layer in experiment.architecture), last]
    weights, biases = [], []
    for init, fan_in, fan_out in zip(inits, sizes[:-1], sizes[1:], strict=True):
        weights.append(Parameter(initial_weights(init, fan_in, fan_out, random)))
        biases.append(Parameter(initial_biases(init, experiment.bias_init, fan_out, random)))
    normalized = [number for number, layer in enumerate(experiment.architecture) if layer.batch_norm]
    norms = {number: Normalization.of(sizes[number + 1]) for number in normalized}
    return Reference(experiment, weights, biases, len(splits.train), norms)


@dataclass(frozen=True)
class Batch:
    """What one step sees: numbers of rows, the mask of the features, those of the hidden layers, and its rate."""

    rows: Array
    x_mask: Array | None
    masks: list[Array | None]
    rate: float


def dropout_mask(random: np.random.Generator, shape: tuple[int, int], p: float) -> Array:
    """1/(1 - p) where a number drawn uniformly from [0, 1) is at least p, else 0."""
    return np.where(random.random(shape) >= p, 1 / (1 - p), 0.0)


@dataclass
class Draws:
    """The order of the rows and the dropout masks of epoch after epoch, each from a stream of its own."""

    experiment: Experiment
    splits: Splits

    def __post_init__(self) -> None:
        self.order = stream(self.experiment.seed or 0, ORDER)
        self.dropout = stream(self.experiment.seed or 0, DROPOUT)
        self.steps = 0

    def epoch(self, base: float) -> list[Batch]:
        """All rows in a new order, cut into batches, of which the last may be smaller; ``base`` is η."""
        rows = len(self.splits.train)
        size = min(self.experiment.batch_size, rows)
        order = self.order.permutation(rows)
        starts = range(0, rows, size)
        total = self.experiment.max_epochs * len(starts)
        return [self._batch(order[start : start + size], base, total) for start in starts]

    def _batch(self, rows: Array, base: float, total: int) -> Batch:
        """The masks of a batch: the features' (B, I + 1), then every hidden layer's (J, B).

        The last column of the features' mask is of the ones that biases are the weights of: it is drawn and not used.
        """
        spec, features = self.experiment, self.splits.train.x.shape[1]
        x_mask = None
        if spec.input_dropout:
            x_mask = dropout_mask(self.dropout, (len(rows), features + 1), spec.input_dropout)[:, :-1]
        masks = [
            dropout_mask(self.dropout, (layer.units, len(rows)), layer.dropout).T if layer.dropout else None
            for layer in spec.architecture
        ]
        self.steps += 1
        return Batch(rows, x_mask, masks, learning_rate(spec.schedule, base, self.steps - 1, total))


def train_epoch(network: Reference, batches: Sequence[Batch], train: Part) -> float:
    """Train on every batch in turn; the norm of the last batch's data gradient."""
    norm = 0.0
    for batch in batches:
        x = train.x[batch.rows] if batch.x_mask is None else train.x[batch.rows] * batch.x_mask
        weights = None if train.weights is None else train.weights[batch.rows]
        norm = network.step(x, train.targets[batch.rows], batch.masks, weights, batch.rate)
    return norm


# ---- Metrics


def metrics(network: Reference, splits: Splits) -> dict[str, float | None]:
    """Every metric of an epoch that its weights decide."""
    weights = np.concatenate([weight.value.ravel() for weight in network.weights])
    found: dict[str, float | None] = {
        "penalty": network.penalty(),
        "weight_norm": float(np.sqrt((weights**2).sum())),
        "zero_fraction": float((weights == 0).mean()),
        "dead_units": dead_units(network, splits.validation),
        **dict.fromkeys(("val_loss", "val_accuracy", "val_r2", "val_mae", "val_rmse")),
    }
    for name, part in (("train", splits.train), ("val", splits.validation)):
        if len(part):
            scores = evaluate(network, part, splits)
            found |= {f"{name}_{score}": value for score, value in scores.items()}
    found["objective"] = (found["train_loss"] or 0.0) + network.penalty()
    return found


def evaluate(network: Reference, part: Part, splits: Splits) -> dict[str, float | None]:
    """Loss and scores on one part of the data, weighted where its rows have weights."""
    spec, z, y = network.experiment, network.logits(part.x), part.targets
    losses = row_losses(spec.loss, spec.output, z, y)
    loss = float((losses if part.weights is None else losses * part.weights).mean())
    a = OUTPUTS[spec.output](z)
    if splits.task == "regression":
        residuals = np.abs(a - y) * splits.targets.scale
        rmse = float(np.sqrt((residuals**2).mean(axis=0)).mean())
        found = {"r2": r_squared(a, y), "mae": float(residuals.mean()), "rmse": rmse}
        return {"loss": loss, "accuracy": None, **found}
    if part.labels is not None and z.shape[1] > 1:
        right = z.argmax(axis=1) == part.labels
    else:
        right = (a > 1 / 2) == (y > 1 / 2)
    return {"loss": loss, "accuracy": float(right.mean()), "r2": None, "mae": None, "rmse": None}


def r_squared(a: Array, y: Array) -> float | None:
    """1 - Σ(y - a)²/Σ(y - ȳ)², averaged over the outputs whose targets vary; None if none does."""
    varying = [output for output in range(y.shape[1]) if (y[:, output] != y[0, output]).any()]
    if not varying:
        return None
    y, a = y[:, varying], a[:, varying]
    return float((1 - ((y - a) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)).mean())


def dead_units(network: Reference, validation: Part) -> float | None:
    """The share of all hidden units whose relu is 0 on every validation row; None without units or rows."""
    layers = network.experiment.architecture
    if not layers or not len(validation):
        return None
    trace = network.forward(validation.x)
    dead = [
        int((trace.z[number] <= 0).all(axis=0).sum())
        for number, layer in enumerate(layers)
        if variant_name(layer.activation or "") == "relu"
    ]
    return sum(dead) / sum(layer.units for layer in layers)


# ---- Decisions: early stopping and the plateau's rate, from monitored values that are better when smaller.


@dataclass
class EarlyStopping:
    """Keras 3's rule with the differences of docs/numerics.md."""

    experiment: Experiment
    best: float = inf
    best_epoch: int = 0
    least: float = inf
    least_epoch: int = 0
    last_finite: int = 0
    wait: int = 0

    def judge(self, epoch: int, shown: Mapping[str, float | None]) -> str | None:
        """Why the run ends after an epoch with these metrics; None if it goes on."""
        spec, value = self.experiment, shown[self.experiment.monitor]
        if not all(watched is None or isfinite(watched) for watched in (shown["train_loss"], value)):
            return "non_finite"
        self.last_finite = epoch if not self.best_epoch else self.last_finite
        if value is not None and epoch > spec.start_from_epoch and self._track(epoch, value):
            return "early_stopping"
        return "max_epochs" if epoch >= spec.max_epochs else None

    def _track(self, epoch: int, value: float) -> bool:
        """Whether patience is at an end with this value of the monitored metric."""
        spec = self.experiment
        sign = -1 if spec.monitor.endswith(("accuracy", "r2")) else 1
        if sign * value < self.least:
            self.least, self.least_epoch = sign * value, epoch
        self.wait += 1
        enough = sign * value + abs(spec.min_delta)
        if enough < self.best:
            self.best, self.best_epoch = sign * value, epoch
            if spec.baseline is None or enough < sign * spec.baseline:
                self.wait = 0
            return False
        return spec.patience is not None and self.wait >= spec.patience and epoch > 1


@dataclass
class PlateauRate:
    """Keras' ReduceLROnPlateau; the rate stays as it is under any other schedule."""

    experiment: Experiment
    rate: float = field(init=False)
    best: float = inf
    wait: int = 0
    cooldown: int = 0

    def __post_init__(self) -> None:
        self.rate = self.experiment.optimizer.learning_rate

    def see(self, value: float | None) -> None:
        """Look at the monitored value of an epoch."""
        spec: Any = self.experiment.schedule
        if spec.name != "plateau" or value is None:
            return
        if self.experiment.monitor.endswith(("accuracy", "r2")):
            value = -value
        if self.cooldown > 0:
            self.cooldown -= 1
            self.wait = 0
        if value < self.best - spec.min_delta:
            self.best, self.wait = value, 0
        elif self.cooldown == 0:
            self.wait += 1
            if self.wait >= spec.patience and self.rate > spec.min_learning_rate:
                self.rate = max(self.rate * spec.factor, spec.min_learning_rate)
                self.cooldown, self.wait = spec.cooldown, 0


# ---- Networks as they are exported


def from_tensors(experiment: Experiment, tensors: Mapping[str, Array], rows: int) -> Reference:
    """The network without batch normalization that exported tensors describe, named as in torch.nn.Sequential."""
    names = sorted({int(name.split(".")[0]) for name in tensors if name[0].isdigit()})
    weights = [Parameter(tensors[f"{number}.weight"].T.astype(np.float64)) for number in names]
    biases = [Parameter(tensors[f"{number}.bias"].astype(np.float64)) for number in names]
    return Reference(experiment, weights, biases, rows)


def parameters(network: Reference) -> Iterator[tuple[str, Parameter]]:
    """Every array that is trained, with a name to tell of."""
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        yield f"weights of layer {layer}", weight
        yield f"biases of layer {layer}", bias
    for layer, norm in network.norms.items():
        yield f"gamma of layer {layer}", norm.gamma
        yield f"beta of layer {layer}", norm.beta
