"""JAX as a contender: an epoch is one compiled scan over the batches; for a sweep, vmapped over the lanes."""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.engine.workloads import Workload

__all__ = ["Jax", "JaxVmap"]


def _forward(layers: Any, x: Any, activation: str) -> Any:
    for number, (weights, biases) in enumerate(layers):
        x = x @ weights + biases
        if number < len(layers) - 1:
            x = jax.nn.sigmoid(x) if activation == "sigmoid" else jax.nn.relu(x)
    return x


def _loss(layers: Any, x: Any, y: Any, workload: Workload) -> Any:
    z = _forward(layers, x, workload.activation)
    if workload.loss == "cross_entropy":
        return -(jax.nn.log_softmax(z) * y).sum() / len(z)
    return (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))).sum() / len(z)


def _update(workload: Workload, state: Any, gradient: Any) -> Any:
    layers, first, second, step = state
    each, rate = jax.tree.map, workload.learning_rate
    if workload.optimizer == "sgd":
        return each(lambda w, g: w - rate * g, layers, gradient), first, second, step
    if workload.optimizer == "momentum":
        first = each(lambda v, g: 0.9 * v + g, first, gradient)
        return each(lambda w, v: w - rate * v, layers, first), first, second, step
    step = step + 1
    first = each(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = each(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    c1, c2 = 1 - 0.9**step, 1 - 0.999**step
    layers = each(lambda w, m, v: w - rate * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), layers, first, second)
    return layers, first, second, step


def _epoch(workload: Workload, state: Any, key: Any, strength: Any, data: Any) -> Any:
    x, y = data
    rows, batch = len(x), workload.batch
    key, own = jax.random.split(key)
    order = jax.random.permutation(own, rows)

    def step(state: Any, chosen: Any) -> Any:
        gradient = jax.grad(_loss)(state[0], x[chosen], y[chosen], workload)
        gradient = [(g + strength * w, h) for (g, h), (w, _) in zip(gradient, state[0], strict=True)]
        return _update(workload, state, gradient), None

    whole = rows // batch * batch
    state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, batch))
    if rows > whole:
        state, _ = step(state, order[whole:])
    return state, key


class Jax:
    """One lane after another."""

    def __init__(self, workload: Workload) -> None:
        self.workload, data = workload, workload.data
        self.parts = [
            (jnp.asarray(data[f"x{n}"]), jnp.asarray(np.eye(10, dtype=np.float32)[data[f"y{n}"]]))
            for n in ("", "_test")
        ]
        self.lanes = [self._lane(lambda_, seed) for lambda_, seed in workload.lanes]
        self.epoch = jax.jit(partial(_epoch, workload), donate_argnums=0)
        self.evaluate = jax.jit(self._evaluation)

    def _lane(self, lambda_: float, seed: int) -> Any:
        layers = [(jnp.float32(w), jnp.float32(b)) for w, b in self.workload.initial(seed)]
        zeros = jax.tree.map(jnp.zeros_like, layers)
        state = (layers, zeros, jax.tree.map(jnp.zeros_like, layers), jnp.float32(0))
        return state, jax.random.key(seed), jnp.float32(lambda_ / len(self.workload.data["x"]))

    def _evaluation(self, layers: Any, x: Any, y: Any) -> Any:
        z = _forward(layers, x, self.workload.activation)
        return _loss(layers, x, y, self.workload), (z.argmax(1) == y.argmax(1)).mean()

    def run(self) -> None:
        """One timed unit."""
        for _ in range(self.workload.unit_epochs):
            for number, (state, key, strength) in enumerate(self.lanes):
                self.lanes[number] = (*self.epoch(state, key, strength, self.parts[0]), strength)
                if self.workload.evaluated:
                    results = [self.evaluate(self.lanes[number][0][0], x, y) for x, y in self.parts]
                    jax.block_until_ready(results)
        jax.block_until_ready(self.lanes)


class JaxVmap(Jax):
    """All lanes at once."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.lanes = [jax.tree.map(lambda *lanes: jnp.stack(lanes), *self.lanes)]
        self.epoch = jax.jit(jax.vmap(partial(_epoch, workload), in_axes=(0, 0, 0, None)), donate_argnums=0)
