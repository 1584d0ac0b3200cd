"""The engine as a contender, and the bare matrix products of its step."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from benchmarks.engine.workloads import Workload
from engine.data import Part
from engine.data.dataset import with_ones
from engine.spec import Experiment, lanes_per_stack
from engine.training.epoch import Epoch
from engine.training.evaluation import Evaluator
from engine.training.stack import Stack, start

__all__ = ["Engine", "EngineAlone", "Products"]

Array = NDArray[Any]

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"name": "sgd"},
    "momentum": {"name": "sgd", "momentum": 0.9},
    "adam": {"name": "adam"},
}


class Engine:
    """Lanes in stacks, as many together as the service would have."""

    def __init__(self, workload: Workload) -> None:
        self.workload, data = workload, workload.data
        group = self.group()
        one_hot = np.eye(10, dtype=np.float32)
        inputs, targets = with_ones(data["x"]), one_hot[data["y"]]
        lanes = workload.lanes
        self.stacks = [self._stack(lanes[first : first + group]) for first in range(0, len(lanes), group)]
        self.epochs = [Epoch(stack, inputs, targets) for stack in self.stacks]
        network, layout = self.stacks[0].network, self.stacks[0].layout
        parts = [
            Part(with_ones(data[f"x{name}"]), one_hot[data[f"y{name}"]], data[f"y{name}"].astype(np.intp))
            for name in ("", "_test")
            if workload.evaluated
        ]
        self.evaluators = [Evaluator(network, layout, part, None) for part in parts]

    def _stack(self, lanes: tuple[tuple[float, int], ...]) -> Stack:
        workload = self.workload
        experiments = [self._experiment(lambda_, seed) for lambda_, seed in lanes]
        stack = start(experiments, workload.sizes[0], 10, len(workload.data["x"]))
        for row, (_, seed) in enumerate(lanes):
            for layer, (weights, biases) in enumerate(workload.initial(seed)):
                stack.layout.weight(stack.parameters[row], layer)[...] = weights
                stack.layout.bias(stack.parameters[row], layer)[...] = biases
        return stack

    def _experiment(self, lambda_: float, seed: int) -> Experiment:
        workload = self.workload
        penalized = any(strength for strength, _ in workload.lanes)
        layers = [
            {"units": units, "activation": workload.activation, "init": "zeros"}
            for units in workload.sizes[1:-1]
        ]
        return Experiment.from_document(
            {
                "architecture": layers,
                "init": "zeros",
                "loss": workload.loss,
                "output": "softmax" if workload.loss == "cross_entropy" else "sigmoid",
                "optimizer": {**OPTIMIZERS[workload.optimizer], "learning_rate": workload.learning_rate},
                "batch_size": workload.batch,
                "penalty": "l2" if penalized else "none",
                "lambda": lambda_,
                "seed": seed,
            }
        )

    def group(self) -> int:
        """Lanes of a stack."""
        parameters = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.workload.sizes))
        return lanes_per_stack(parameters, self.workload.batch)

    def run(self) -> None:
        """One timed unit."""
        for _ in range(self.workload.unit_epochs):
            for stack, epoch in zip(self.stacks, self.epochs, strict=True):
                epoch()
                for row in stack.parameters:
                    for evaluate in self.evaluators:
                        evaluate(row)

    def parameters(self) -> list[tuple[Array, Array]]:
        """The first lane's weights and biases."""
        stack = self.stacks[0]
        row, layout = stack.parameters[0], stack.layout
        return [(layout.weight(row, layer), layout.bias(row, layer)) for layer in range(layout.layers)]


class EngineAlone(Engine):
    """One lane after another."""

    @override
    def group(self) -> int:
        """One."""
        return 1


class Products:
    """Only the matrix products of step and evaluation, in one layout that is not the best for every shape."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        batch, sizes = workload.batch, workload.sizes
        random = np.random.default_rng(0)

        def values(*shape: int) -> Array:
            return random.standard_normal(shape).astype(np.float32)

        self.step, self.chunk = [], []
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            x, z, weights, delta = (
                values(fan_in, batch),
                values(fan_out, batch),
                values(fan_out, fan_in),
                values(fan_out, batch),
            )
            self.step += [
                partial(np.dot, weights, x, out=z),
                partial(np.dot, delta, x.T, out=values(fan_out, fan_in)),
            ]
            if layer:
                self.step.append(partial(np.dot, weights.T, delta, out=values(fan_in, batch)))
            self.chunk.append(
                partial(np.dot, values(1000, fan_in), values(fan_in, fan_out), out=values(1000, fan_out))
            )

    def run(self) -> None:
        """The products of one timed unit."""
        workload = self.workload
        steps = -(-len(workload.data["x"]) // workload.batch) * len(workload.lanes)
        rows = len(workload.data["x"]) + len(workload.data["x_test"])
        for _ in range(workload.unit_epochs):
            for _ in range(steps):
                for product in self.step:
                    product()
            for _ in range(rows // 1000 if workload.evaluated else 0):
                for product in self.chunk:
                    product()
