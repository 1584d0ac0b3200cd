"""Estimate the time and memory of a run before it is queued: counted work times measured costs.

The costs were fitted by ``make estimate`` on one core of an Intel Xeon: 300 networks of 2 to 1,024 features, up to
three layers of 4 to 2,048 units, batches of 1 to 512 rows. Its estimates there are off by at most WITHIN_FACTOR in nine
of ten cases; another processor is faster or slower by a factor of its own.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

from engine.spec.compatibility import DatasetFacts, SplitRows
from engine.spec.experiment import Experiment
from engine.spec.optimizers import RmsProp, Sgd
from engine.spec.resolve import Resolved, layer_sizes
from engine.spec.variants import variant_name
from engine.spec.work import BLOCK_VALUES, CHUNK, Work, work_of_epoch

__all__ = ["LONG_SECONDS", "NANOSECONDS", "WITHIN_FACTOR", "Estimate", "epoch_seconds", "estimate", "units"]

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
"""Cost of each unit of ``engine.spec.work.Work`` in float32, and the fixed cost of an epoch."""
WITHIN_FACTOR = 1.5
LONG_SECONDS = 0.02
"""An interruptible training keeps a copy of its state during epochs longer than this."""

_OBJECTS = 60_000
"""Bytes of a run's Python objects."""
_BLOCKS = 3
"""Float64 arrays for a block of rows in preparation: gathered, scaled, and intermediate."""
_STATE_ROWS = 9
"""Parameter rows beside the optimizer's moments: weights, gradient, best weights, evaluation and checkpoints.
"""
_ARRAYS = {"identity": 1, "relu": 2, "tanh": 1, "sigmoid": 1, "leaky_relu": 2, "elu": 3, "selu": 3}
_SLOPE_ARRAYS = 4
"""Values kept per unit and row for these activations; the others also keep their slopes."""


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
    kept = sum(layer.units * _ARRAYS.get(variant_name(layer.activation), _SLOPE_ARRAYS) for layer in layers)
    values = kept + 2 * max(sizes[1:-1], default=0) + 3 * sizes[-1]
    moments = _moments(experiment)
    copied = (1 + moments) * (epoch_seconds(experiment, rows, sizes) > LONG_SECONDS)
    state = parameters * (item * (_STATE_ROWS + moments + copied) + 8)
    return (
        state + item * (values * at_a_time + batch * (sizes[0] + 1) + rows.train * sizes[-1]) + 8 * rows.train
    )


def _evaluated(rows: int) -> int:
    """Rows that there are buffers for: of a whole chunk, and of the last one."""
    return min(rows, CHUNK) + (rows % CHUNK if rows > CHUNK else 0)


def _moments(experiment: Experiment) -> int:
    optimizer = experiment.optimizer
    if isinstance(optimizer, Sgd):
        return int(optimizer.momentum > 0)
    if isinstance(optimizer, RmsProp):
        return 1 + optimizer.centered + (optimizer.momentum > 0)
    return {"adam": 2, "adamw": 2, "adagrad": 1}[optimizer.name]
