"""Drive the engine's own step on batches, masks and weights that a test gives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import Part
from engine.data.dataset import with_ones
from engine.kernels import run
from engine.optimization.penalties import penalty_value
from engine.spec import Experiment, layer_sizes
from engine.training.evaluation import Evaluator
from engine.training.stack import start
from engine.training.step import BoundStep
from engine.training.step_sizes import StepSizes

Array = NDArray[Any]


def resolved(**fields: Any) -> Experiment:
    """An experiment without "auto": every layer has its activation and its init."""
    document = {"seed": 0, "init": "glorot_uniform", "precision": "float64", **fields}
    layers = [
        {"activation": document.get("activation", "tanh"), "init": document["init"]}
        | (layer if isinstance(layer, dict) else {"units": layer})
        for layer in document.get("architecture", [])
    ]
    return Experiment.from_document({**document, "architecture": layers})


class Replay:
    """One experiment on x (N, I) and targets y (N, O), stepping on the given rows with the given masks."""

    def __init__(self, experiment: Experiment, x: Array, y: Array, steps: Sequence[Any]) -> None:
        self.experiment, self.steps = experiment, steps
        dtype = np.dtype(experiment.precision)
        self.x, self.y = np.asarray(x, dtype), np.asarray(y, dtype)
        self.stack = start([experiment], self.x.shape[1], self.y.shape[1], len(self.x))
        self.step_sizes = StepSizes(self.stack)
        self.table = self.step_sizes.table(np.array([float(len(rows)) for rows in steps]))
        sizes = sorted({len(rows) for rows in steps}, reverse=True)
        self.bound = {size: BoundStep(self.stack, self.step_sizes, size) for size in sizes}
        assert layer_sizes(experiment, self.x.shape[1], self.y.shape[1]) == self.stack.network.sizes

    @property
    def layers(self) -> range:
        return range(self.stack.layout.layers)

    def weight(self, layer: int) -> Array:
        return self.stack.layout.weight(self.stack.parameters[0], layer)

    def bias(self, layer: int) -> Array:
        bias: Array = self.stack.layout.bias(self.stack.parameters[0], layer)
        return bias

    def load(self, weights: Sequence[Any], biases: Sequence[Any]) -> None:
        """Set weights given as (fan_in, fan_out) and biases."""
        for layer in self.layers:
            self.weight(layer)[...] = weights[layer]
            self.bias(layer)[...] = biases[layer]

    def gather(self, number: int, masks: Sequence[Any] | None = None) -> BoundStep:
        """Bring step ``number`` to where only the gradient and the update are missing."""
        rows = np.array(self.steps[number])
        bound = self.bound[len(rows)]
        self.step_sizes.current[...] = self.table[number]
        bound.buffers.x[...] = with_ones(self.x[rows])
        bound.buffers.y[...] = self.y[rows].T
        for mask, given in zip(bound.buffers.mask, masks or [], strict=masks is not None):
            if mask is not None:
                mask[...] = given.T
        return bound

    def step(self, number: int, masks: Sequence[Any] | None = None) -> None:
        bound = self.gather(number, masks)
        with np.errstate(all="ignore"):
            run(bound.gradient)
            run(bound.update)

    def data_gradient(
        self, number: int, masks: Sequence[Any] | None = None
    ) -> tuple[list[Array], list[Array]]:
        """Gradients of the mean data loss on the batch of step ``number``, by weights and by biases."""
        bound = self.gather(number, masks)
        with np.errstate(all="ignore"):
            run(bound.gradient)
        scale = self.step_sizes.now.optimizer["rate"] if self.step_sizes.folded else 1.0
        layout, gradient = self.stack.layout, self.stack.gradient[0] / scale
        return (
            [layout.weight(gradient, layer) for layer in self.layers],
            [layout.bias(gradient, layer) for layer in self.layers],
        )

    def loss(self, rows: Sequence[int] | None = None) -> float:
        """The mean data loss on some rows, all by default."""
        chosen = slice(None) if rows is None else np.array(rows)
        network, layout = self.stack.network, self.stack.layout
        part = Part(with_ones(self.x[chosen]), self.y[chosen], None)
        evaluator = Evaluator(network, layout, part, None)
        return evaluator(self.stack.parameters[0]).loss

    def penalty(self) -> float:
        return sum(penalty_value(self.weight(each.layer), each.strengths[0]) for each in self.stack.segments)
