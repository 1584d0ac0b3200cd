"""Estimate the time and memory of a run before it is queued: counted work times measured costs.

Work is counted: calls, multiplications, elements that are touched. The costs were fitted by ``make estimate`` on one
core of an Intel Xeon: 300 networks of 2 to 1,024 features, up to three layers of 4 to 2,048 units, batches of 1 to 512
rows. Its estimates there are off by at most WITHIN_FACTOR in nine of ten cases; another processor is faster or slower
by a factor of its own.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

from engine.spec.activations import ActivationSpec, activation_traits
from engine.spec.experiment import Experiment, Layer
from engine.spec.facts import DatasetFacts, SplitRows
from engine.spec.optimizers import Sgd
from engine.spec.penalties import EffectivePenalty
from engine.spec.resolve import Resolved, layer_sizes

__all__ = [
    "BLOCK",
    "BLOCK_VALUES",
    "CHUNK",
    "LONG_SECONDS",
    "NANOSECONDS",
    "WITHIN_FACTOR",
    "Estimate",
    "Work",
    "calls_per_step",
    "epoch_seconds",
    "estimate",
    "units",
    "work_of_epoch",
]

NANOSECONDS = {
    "calls": 342,
    "multiplications": 0.0232,
    "elements": 0.158,
    "functions": 1.03,
    "parameters": 0.168,
    "streamed": 0.625,
    "draws": 0.641,
    "gathered": 0.968,
    "epochs": 2.54e5,
}
"""Cost of each unit of ``Work`` in float32, and the fixed cost of an epoch."""
WITHIN_FACTOR = 1.5
LONG_SECONDS = 0.02
"""An interruptible training keeps a copy of its state during epochs longer than this."""

_OBJECTS = 60_000
"""Bytes of a run's Python objects."""
_BLOCKS = 3
"""Float64 arrays for a block of rows in preparation: gathered, scaled, and intermediate."""
_STATE_ROWS = 9
"""Parameter vectors beside the optimizer's moments: weights, gradient, best weights, evaluation, checkpoints."""

_OUTPUT_CALLS = 9
_GATHER_CALLS = 2
_PRODUCTS = 3
"""Matrix products of a hidden layer: one forward, two backward."""
_NORMALIZATION_CALLS = 29
_DROPOUT_CALLS = 6
_CLIP_CALLS = 14
BLOCK = 32_768
"""Parameters an optimizer updates at a time: five float32 arrays of this length stay in a core's cache."""
CHUNK = 1000
"""Rows evaluated at a time."""
CACHED = 1 << 18
"""Weights that stay in a core's cache between two products: one MiB, and as much of their gradient."""
BLOCK_VALUES = 1 << 18
"""Features prepared at a time: two MiB, which stay in a cache between two operations."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of one epoch and of the whole run, alone on one core; bytes at the peak, beside those of the data set.

    In nine of ten cases they are off by at most ``within_factor``, on the processor that the costs were measured on.
    """

    seconds_per_epoch: float
    seconds: float
    memory_bytes: int
    within_factor: float


def estimate(resolved: Resolved, facts: DatasetFacts, time_limit_seconds: float | None = None) -> Estimate:
    """Estimate the cost of training a resolved experiment to its last epoch or its time limit."""
    experiment = resolved.experiment
    sizes = layer_sizes(experiment, facts.features, resolved.outputs)
    per_epoch = epoch_seconds(experiment, resolved.rows, sizes)
    seconds = per_epoch * experiment.max_epochs
    return Estimate(
        seconds_per_epoch=float(f"{per_epoch:.3g}"),
        seconds=float(f"{min(seconds, time_limit_seconds or seconds):.3g}"),
        memory_bytes=_memory(experiment, resolved.rows, sizes),
        within_factor=WITHIN_FACTOR,
    )


def epoch_seconds(experiment: Experiment, rows: SplitRows, sizes: tuple[int, ...]) -> float:
    """Seconds of one epoch of a resolved experiment, alone on one core."""
    counted = units(work_of_epoch(experiment, rows, sizes), experiment.precision)
    return sum(NANOSECONDS[name] * count for name, count in counted.items()) * 1e-9


def units(work: Work, precision: str) -> dict[str, float]:
    """Work of an epoch, in the units of NANOSECONDS: everything but calls counts double in float64."""
    wide = 2 if precision == "float64" else 1
    counted = {name: count * wide for name, count in dataclasses.asdict(work).items()}
    return {**counted, "calls": work.calls, "epochs": 1}


def _memory(experiment: Experiment, rows: SplitRows, sizes: tuple[int, ...]) -> int:
    """Bytes of the prepared rows, and the larger of what preparing them and what training takes besides."""
    item = 8 if experiment.precision == "float64" else 4
    every = rows.train + rows.validation + rows.test
    prepared = item * every * (sizes[0] + 1 + sizes[-1])
    largest = max(rows.train, rows.validation, rows.test)
    scaling = 8 * _BLOCKS * min(sizes[0] * largest, max(sizes[0], BLOCK_VALUES))
    return prepared + max(scaling, _training(experiment, rows, sizes, item)) + _OBJECTS


def _training(experiment: Experiment, rows: SplitRows, sizes: tuple[int, ...], item: int) -> int:
    """Rows of parameters, buffers around batches and around the chunks that are evaluated, the order of the rows."""
    parameters = sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes))
    batch = min(experiment.batch_size, rows.train)
    at_a_time = batch + rows.train % batch + _evaluated(rows.train) + _evaluated(rows.validation)
    layers = experiment.architecture
    kept = sum(layer.units * activation_traits(_activation(layer)).arrays for layer in layers)
    values = kept + 2 * max(sizes[1:-1], default=0) + 3 * sizes[-1]
    moments = experiment.optimizer.moments
    copied = (1 + moments) * (epoch_seconds(experiment, rows, sizes) > LONG_SECONDS)
    state = parameters * (item * (_STATE_ROWS + moments + copied) + 8)
    return (
        state + item * (values * at_a_time + batch * (sizes[0] + 1) + rows.train * sizes[-1]) + 8 * rows.train
    )


def _evaluated(rows: int) -> int:
    """Rows that there are buffers for: of a whole chunk, and of the last one."""
    return min(rows, CHUNK) + (rows % CHUNK if rows > CHUNK else 0)


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
    smooth = (
        sum(layer.units for layer in layers if activation_traits(_activation(layer)).is_smooth) + sizes[-1]
    )
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
    blocks = -(-sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes)) // BLOCK)
    penalties = sum(_penalty_calls(penalty, experiment) for penalty in experiment.penalties)
    return (
        _OUTPUT_CALLS
        + sum(map(_layer_calls, layers))
        + _DROPOUT_CALLS * (experiment.input_dropout > 0)
        + blocks * experiment.optimizer.calls
        + penalties
        + depth * experiment.optimizer.calls_per_layer
        + _CLIP_CALLS * (experiment.clip_norm is not None)
        + _CLIP_CALLS * depth * (experiment.max_norm is not None)
    )


def _layer_calls(layer: Layer) -> int:
    calls = _PRODUCTS + activation_traits(_activation(layer)).calls
    return calls + _NORMALIZATION_CALLS * layer.batch_norm + _DROPOUT_CALLS * (layer.dropout > 0)


def _activation(layer: Layer) -> ActivationSpec:
    return layer.activation or "identity"


def _penalty_calls(penalty: EffectivePenalty, experiment: Experiment) -> int:
    """Calls for one layer's penalty; plain SGD has the shortest form of each."""
    optimizer = experiment.optimizer
    is_sgd = isinstance(optimizer, Sgd)
    is_plain = isinstance(optimizer, Sgd) and not optimizer.momentum
    proximal = 2 if is_plain else 4 if is_sgd else 5
    l1 = proximal if experiment.l1_update == "proximal" else 3
    l2 = 1 if is_plain else 2
    return l1 * penalty.has_l1 + l2 * penalty.has_l2


def _passes(experiment: Experiment) -> float:
    """Number of passes over the parameters per step."""
    every = experiment.penalties
    penalties = sum(_penalty_calls(penalty, experiment) for penalty in every) / len(every)
    bounds = (experiment.clip_norm is not None) + (experiment.max_norm is not None)
    return experiment.optimizer.calls + penalties + 4 * bounds
