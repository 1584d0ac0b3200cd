"""Training: shuffle the rows, step through the batches, look at the metrics, and stop in time.

The parts are in the files that this one imports; here they become the algorithm, in ``Trainer.step`` and ``train``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engine.spec import Experiment
from engine.streams import Purpose, stream
from engine.textbook.data import Part, Parts
from engine.textbook.evaluation import Metrics, evaluate, measure
from engine.textbook.losses import loss_gradient
from engine.textbook.network import Masks, Network, from_tensors, untrained
from engine.textbook.optimizers import optimizer
from engine.textbook.penalties import L1_UPDATES, strengths
from engine.textbook.schedules import learning_rate
from engine.textbook.stopping import EarlyStopping, PlateauRate

__all__ = ["Batch", "Run", "Trainer", "train"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Batch:
    """Input of one step: row numbers (B,), the dropout masks of features (B, I) and hidden layers, and η."""

    rows: NDArray[np.intp]
    x_mask: Array | None
    masks: Masks
    eta: float


@dataclass
class Run:
    """Results of a training: metrics of every epoch, and the weights of the best and the last one.

    ``best`` and ``test``, its scores on the test rows, are None if no epoch was finite.
    """

    curve: list[Metrics]
    stop_reason: str
    best_epoch: int | None
    argmin_epoch: int | None
    best: Network | None
    last: Network
    test: Metrics | None


def train(experiment: Experiment, parts: Parts, initial: Mapping[str, Array] | None = None) -> Run:
    """Train a resolved experiment; ``initial`` are the tensors that the weights begin with if they are given.

    After each epoch the plateau rule and early stopping see the monitored metric. The best weights are kept.
    """
    trainer, curve, best = Trainer(experiment, parts.train, initial), list[Metrics](), None
    plateau, stopping, reason = PlateauRate(experiment), EarlyStopping(experiment), None
    while reason is None:
        norm, eta = 0.0, 0.0
        for batch in trainer.batches(plateau.eta):
            norm, eta = trainer.step(batch), batch.eta
        metrics = measure(experiment, trainer.network, parts)
        curve.append({**metrics, "gradient_norm": norm, "learning_rate": eta})
        monitored = metrics[experiment.monitor]
        reason = stopping.see(len(curve), metrics["train_loss"] or 0.0, monitored)
        plateau.see(monitored)
        if stopping.kept_epoch == len(curve):
            best = copy.deepcopy(trainer.network)
    test = None if best is None else evaluate(experiment, best, parts.test, parts)
    return Run(curve, reason, stopping.kept_epoch, stopping.argmin_epoch, best, trainer.network, test)


class Trainer:
    """A network with its optimizers, its training rows and its random numbers.

    ``optimizers`` has one for each of ``network.parameters``, in their order.
    """

    def __init__(
        self, experiment: Experiment, part: Part, initial: Mapping[str, Array] | None = None
    ) -> None:
        self.experiment, self.part, self.steps = experiment, part, 0
        sizes = part.x.shape[1], part.targets.shape[1]
        self.network = untrained(experiment, *sizes) if initial is None else from_tensors(experiment, initial)
        weights = [layer.weights for layer in self.network.layers]
        self.optimizers = [
            optimizer(experiment.optimizer, parameter.value, is_weight=parameter in weights)
            for parameter in self.network.parameters
        ]
        seed = experiment.seed or 0
        self.order, self.dropout = stream(seed, Purpose.ORDER), stream(seed, Purpose.DROPOUT)

    # ---- What an epoch draws

    def batches(self, eta: float) -> Iterator[Batch]:
        """An epoch: all rows in a new order, cut into batches, of which the last may be smaller.

        ``eta`` is the base rate of the schedule.
        """
        n = len(self.part)
        size = min(self.experiment.batch_size, n)
        order = self.order.permutation(n)
        total = self.experiment.max_epochs * -(-n // size)
        for start in range(0, n, size):
            rows = order[start : start + size]
            rate = learning_rate(self.experiment.schedule, eta, self.steps, total)
            yield Batch(rows, self._x_mask(len(rows)), self._masks(len(rows)), rate)

    def _x_mask(self, rows: int) -> Array | None:
        """The mask of the features (B, I); a number is also drawn for a column of ones, and not used."""
        p, features = self.experiment.input_dropout, self.part.x.shape[1]
        return dropout_mask(self.dropout, (rows, features + 1), p)[:, :-1] if p else None

    def _masks(self, rows: int) -> Masks:
        """The masks (B, J) of the hidden layers, drawn unit by unit."""
        return [
            dropout_mask(self.dropout, (layer.units, rows), layer.dropout).T if layer.dropout else None
            for layer in self.experiment.architecture
        ]

    # ---- A step

    def step(self, batch: Batch) -> float:
        """Train on one batch; returns the norm of the gradient of the data loss, before clipping.

        1. Forward and backward: ∂C₀/∂w of the batch's mean loss.
        2. Penalty: g = ∂C₀/∂w + λ(1 - ρ)/n·w, and λρ/n·sgn(w) with L1 by subgradient.
        3. Clipping: g, and κ with it, times min(1, clip_norm/‖g‖).
        4. The optimizer updates each array; κ > 0 shrinks weights (L1 by proximal steps).
        5. Max-norm: the incoming weights of each unit times min(1, max_norm/‖w‖).
        """
        self.differentiate(batch)
        parameters = list(self.network.parameters)
        data_norm = norm([parameter.gradient for parameter in parameters])
        kappa = dict.fromkeys(parameters, 0.0)
        for number, layer in enumerate(self.network.layers):
            w = layer.weights
            l1, l2 = strengths(self.experiment, number, len(self.part))
            added, kappa[w] = L1_UPDATES[self.experiment.l1_update](w.value, l1)
            w.gradient = w.gradient + l2 * w.value + added
        clip = clipping(self.experiment.clip_norm, norm([parameter.gradient for parameter in parameters]))
        for parameter, rule in zip(parameters, self.optimizers, strict=True):
            parameter.value = rule.step(
                parameter.value, clip * parameter.gradient, batch.eta, clip * kappa[parameter]
            )
        if self.experiment.max_norm is not None:
            for layer in self.network.layers:
                layer.weights.value = bounded(layer.weights.value, self.experiment.max_norm)
        self.steps += 1
        return data_norm

    def differentiate(self, batch: Batch) -> None:
        """Gradients of C₀ = Σ ω ℓ/B, the mean loss of the batch's rows, with their weights ω if they have any."""
        x, y, spec = self.part.x[batch.rows], self.part.targets[batch.rows], self.experiment
        z = self.network.forward(x if batch.x_mask is None else x * batch.x_mask, batch.masks, training=True)
        delta = loss_gradient(spec.loss, spec.output, z, y) / len(batch.rows)
        if self.part.weights is not None:
            delta = delta * self.part.weights[batch.rows][:, None]
        self.network.backward(delta)


def dropout_mask(random: np.random.Generator, shape: tuple[int, int], p: float) -> Array:
    """Inverted dropout (Srivastava et al. 2014): 1/(1 - p) where a uniform number is at least p, else 0."""
    return np.where(random.random(shape) >= p, 1 / (1 - p), 0.0)


def norm(arrays: list[Array]) -> float:
    """The Euclidean norm over all arrays."""
    return sqrt(sum(float((array**2).sum()) for array in arrays))


def clipping(limit: float | None, size: float) -> float:
    """min(1, limit/‖g‖) (Pascanu et al. 2013), 1 without a limit."""
    return 1.0 if limit is None or size <= limit else limit / size


def bounded(w: Array, limit: float) -> Array:
    """Weights (I, J), each column times min(1, limit/‖column‖) (Srivastava et al. 2014)."""
    norms = np.sqrt((w**2).sum(axis=0))
    return w * np.where(norms > limit, limit / np.maximum(norms, limit), 1.0)
