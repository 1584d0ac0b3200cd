"""Count the work of an epoch of a resolved experiment: calls, multiplications, elements touched.

Counts, not times: what each costs on a processor is measured by ``benchmarks.engine.estimate`` and stands in
``engine.spec.estimate``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from engine.spec.compatibility import SplitRows
from engine.spec.experiment import Experiment, Layer
from engine.spec.optimizers import AdamW, Optimizer, RmsProp, Sgd
from engine.spec.sharing import penalty_kinds
from engine.spec.variants import variant_name

__all__ = ["BLOCK_VALUES", "CHUNK", "Work", "calls_per_step", "work_of_epoch"]

_OUTPUT_CALLS = 9
_GATHER_CALLS = 2
_LAYER_CALLS = {
    "identity": 4,
    "relu": 6,
    "tanh": 7,
    "sigmoid": 10,
    "leaky_relu": 12,
    "silu": 12,
    "softplus": 14,
    "elu": 15,
    "selu": 15,
    "gelu_tanh": 21,
    "gelu": 82,
}
"""NumPy calls of a hidden layer's forward and backward pass, by activation; three are matrix products."""
_PRODUCTS = 3
_SIMPLE = ("identity", "relu", "leaky_relu")
_NORMALIZATION_CALLS = 29
_DROPOUT_CALLS = 6
_CLIP_CALLS = 14
_OPTIMIZER_CALLS = {"sgd": 1, "adagrad": 7, "rmsprop": 9, "adam": 10, "adamw": 10}
_BLOCK = 32_768
"""Parameters that an optimizer updates at a time, with all of its calls."""
CHUNK = 1000
"""Rows evaluated at a time."""
CACHED = 1 << 18
"""Weights that stay in a core's cache between two products: one MiB, and as much of their gradient."""
BLOCK_VALUES = 1 << 18
"""Features prepared at a time: two MiB, which stay in a cache between two operations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work of an epoch.

    ``calls`` of NumPy; ``multiplications`` of matrix products;
    ``elements`` of activations that are touched, and for ``functions`` such as exp; ``parameters`` that are touched,
    once per pass; weights too many for a cache that are ``streamed`` from memory, once per matrix product of a step,
    however few rows it has; ``draws`` of random numbers; ``gathered`` features of batches.
    """

    calls: float
    multiplications: float
    elements: float
    functions: float
    parameters: float
    streamed: float
    draws: float
    gathered: float


def work_of_epoch(experiment: Experiment, rows: SplitRows, sizes: tuple[int, ...]) -> Work:
    """The work of one epoch; ``sizes`` are the units of every layer, input and output included."""
    layers = experiment.architecture
    batch = min(experiment.batch_size, rows.train)
    steps, seen = -(-rows.train // batch), rows.train + rows.validation
    shapes = list(itertools.pairwise(sizes))
    weights = sum(fan_in * fan_out for fan_in, fan_out in shapes)
    products = _PRODUCTS * weights - shapes[0][0] * shapes[0][1]
    smooth = sum(layer.units for layer in layers if variant_name(layer.activation) not in _SIMPLE) + sizes[-1]
    touched = sum(layer.units * (_layer_calls(layer) - _PRODUCTS) for layer in layers)
    touched += sizes[-1] * _OUTPUT_CALLS
    dropped = sum(layer.units for layer in layers if layer.dropout) + sizes[0] * (
        experiment.input_dropout > 0
    )
    evaluations = -(-rows.train // CHUNK) + -(-rows.validation // CHUNK)
    return Work(
        calls=steps * (calls_per_step(experiment, sizes) + _GATHER_CALLS)
        + evaluations * _OUTPUT_CALLS * len(shapes),
        multiplications=rows.train * products + seen * weights,
        elements=(rows.train + seen / 2) * touched,
        functions=(rows.train + seen) * smooth,
        parameters=steps * weights * _passes(experiment),
        streamed=steps * products * max(0.0, 1 - CACHED / weights),
        draws=rows.train * dropped,
        gathered=rows.train * sizes[0],
    )


def calls_per_step(experiment: Experiment, sizes: tuple[int, ...]) -> int:
    """NumPy calls of one training step, all but the gathering of its batch."""
    layers, depth = experiment.architecture, len(sizes) - 1
    blocks = -(-sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes)) // _BLOCK)
    penalties = sum(_penalty_calls(kind, experiment) for kind in penalty_kinds(experiment))
    return (
        _OUTPUT_CALLS
        + sum(map(_layer_calls, layers))
        + _DROPOUT_CALLS * (experiment.input_dropout > 0)
        + blocks * _optimizer_calls(experiment.optimizer)
        + penalties
        + depth * isinstance(experiment.optimizer, AdamW)
        + _CLIP_CALLS * (experiment.clip_norm is not None)
        + _CLIP_CALLS * depth * (experiment.max_norm is not None)
    )


def _layer_calls(layer: Layer) -> int:
    calls = _LAYER_CALLS[variant_name(layer.activation)]
    return calls + _NORMALIZATION_CALLS * layer.batch_norm + _DROPOUT_CALLS * (layer.dropout > 0)


def _penalty_calls(kind: str, experiment: Experiment) -> int:
    """Calls for one layer's penalty; plain SGD has the shortest form of each."""
    optimizer = experiment.optimizer
    is_sgd = isinstance(optimizer, Sgd)
    is_plain = isinstance(optimizer, Sgd) and not optimizer.momentum
    proximal = 2 if is_plain else 4 if is_sgd else 5
    l1 = proximal if experiment.l1_update == "proximal" else 3
    l2 = 1 if is_plain else 2
    return {"none": 0, "l1": l1, "l2": l2, "elastic_net": l1 + l2}[kind]


def _optimizer_calls(optimizer: Optimizer) -> int:
    calls = _OPTIMIZER_CALLS[optimizer.name]
    if isinstance(optimizer, Sgd) and optimizer.momentum:
        calls += 5 if optimizer.nesterov else 3
    if isinstance(optimizer, RmsProp):
        calls += 4 * optimizer.centered + 4 * (optimizer.momentum > 0)
    return calls


def _passes(experiment: Experiment) -> float:
    """Number of passes over the parameters per step."""
    kinds = penalty_kinds(experiment)
    penalties = sum(_penalty_calls(kind, experiment) for kind in kinds) / len(kinds)
    bounds = (experiment.clip_norm is not None) + (experiment.max_norm is not None)
    return _optimizer_calls(experiment.optimizer) + penalties + 4 * bounds
