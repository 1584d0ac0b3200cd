"""The same network in Keras, on JAX in float64."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.conventions.ours import HIDDEN, RATE, Array, Problem

__all__ = ["ended", "ended_with"]


def ended(
    problem: Problem, initial: list[tuple[Array, Array]], loss: str, l1: float, l2: float
) -> list[Array]:
    """Where Keras ends with ``kernel_regularizer=L1L2(l1, l2)``."""
    os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
    import keras  # noqa: PLC0415 - it reads the environment when it is imported

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")

    def dense(units: int, activation: str) -> Any:
        return keras.layers.Dense(
            units, activation=activation, kernel_regularizer=keras.regularizers.L1L2(l1, l2)
        )

    outputs = initial[-1][0].shape[1]
    model = keras.Sequential(
        [keras.Input((initial[0][0].shape[0],)), dense(HIDDEN, "tanh"), dense(outputs, "linear")]
    )
    model.set_weights([array for layer in initial for array in layer])
    losses = {"cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "mse": "mse"}
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss=losses[loss])
    for x, y in problem.batches():
        model.train_on_batch(x, y)
    return [array for array in model.get_weights() if array.ndim > 1]


def ended_with(
    kind: str, problem: Problem, initial: list[tuple[Array, Array]], loss: str, number: float
) -> list[Array]:
    """Where Keras ends with ``l1`` or ``l2`` alone."""
    return ended(problem, initial, loss, number * (kind == "l1"), number * (kind == "l2"))
