"""What the work that ``engine.spec.cost`` counts costs on this processor, and how far off its estimates are.

    python -m benchmarks.engine.estimate [--rounds 5]

Networks, batches and optimizers drawn at random are trained for two epochs each; the best processor time of several
rounds counts, since whatever else the machine does only adds to it. Every second case decides the constants (least
squares of the relative error, none below zero), the others say how far off the estimate is.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
import tracemalloc
from itertools import islice
from typing import Any

from engine.data import Dataset, prepare  # the engine first: it prepares BLAS before NumPy is loaded
from engine.spec import Experiment, Resolved, estimate, layer_sizes, resolve
from engine.spec.cost import NANOSECONDS, units, work_of_epoch
from engine.training import training

import numpy as np  # isort: skip
from numpy.typing import NDArray  # isort: skip

CASES, EPOCHS, SEED = 300, 2, 0
DROPOUT, RARELY = 0.2, 0.2
MOST_MULTIPLICATIONS, MOST_STREAMED = 5e9, 5e8
"""Of an epoch, so that a round stays within some minutes."""

Array = NDArray[Any]
Case = tuple[Resolved, Dataset]


def drawn(generator: np.random.Generator) -> Case:
    """A network of any usual size, in any usual way of training it, on numbers without meaning."""
    features = int(2 ** generator.uniform(1, 10))
    rows = int(2 ** generator.uniform(6, 13))
    depth = int(generator.integers(0, 4))
    batch = int(2 ** generator.uniform(0, 9))
    activation = str(generator.choice(["relu", "relu", "tanh", "sigmoid", "gelu", "elu", "leaky_relu"]))
    extra = {
        "dropout": DROPOUT * (generator.random() < RARELY),
        "batch_norm": bool(generator.random() < RARELY),
    }
    document: dict[str, Any] = {
        "architecture": [{"units": int(2 ** generator.uniform(2, 11)), **extra} for _ in range(depth)],
        "activation": activation,
        "batch_size": batch,
        "optimizer": {
            "name": str(generator.choice(["sgd", "adam", "rmsprop", "adamw", "adagrad"])),
            "learning_rate": 1e-4,
        },
        "penalty": str(generator.choice(["none", "none", "l2", "l1", "elastic_net"])),
        "lambda": 0.01,
        "precision": str(generator.choice(["float32", "float32", "float64"])),
        "seed": 0,
    }
    x, y = generator.normal(size=(rows, features)).astype(np.float32), generator.integers(0, 10, rows)
    data = Dataset(x, y, task="multiclass", classes=10)
    return resolve(Experiment.from_document(document), data.facts), data


def cases() -> list[Case]:
    """The cases, the same each time."""
    generator = np.random.default_rng(SEED)
    found: list[Case] = []
    while len(found) < CASES:
        case = drawn(generator)
        work = dict(zip(NANOSECONDS, counts(case), strict=True))
        if work["multiplications"] < MOST_MULTIPLICATIONS and work["streamed"] < MOST_STREAMED:
            found.append(case)
    return found


def counts(case: Case) -> Array:
    """What an epoch takes, in the units of NANOSECONDS and in their order."""
    resolved, data = case
    experiment = resolved.experiment
    sizes = layer_sizes(experiment, data.x.shape[1], resolved.outputs)
    counted = units(work_of_epoch(experiment, resolved.rows, sizes), experiment.precision)
    return np.array([counted[name] for name in NANOSECONDS])


def seconds(case: Case) -> float:
    """Processor time of an epoch, after a first one."""
    resolved, data = case
    epochs = training([resolved.experiment], prepare(data, resolved))
    next(epochs)
    begun = time.process_time()
    for _ in islice(epochs, EPOCHS):
        pass
    return (time.process_time() - begun) / EPOCHS


def fitted(matrix: Array) -> Array:
    """The nonnegative vector whose product with the rows of a matrix is closest to 1, one coordinate at a time."""
    scale = np.sqrt(np.square(matrix).sum(axis=0))
    scaled = matrix / scale
    gram, target = scaled.T @ scaled, scaled.sum(axis=0)
    found = np.zeros(len(gram))
    for _ in range(20_000):
        for place in range(len(found)):
            rest = target[place] - gram[place] @ found + gram[place, place] * found[place]
            found[place] = max(0.0, rest / gram[place, place])
    fitted_values: Array = found / scale
    return fitted_values


def peak_bytes(case: Case) -> int:
    """The most memory that NumPy and Python hold at a time, from the raw table to the result."""
    resolved, data = case
    short = dataclasses.replace(resolved.experiment, max_epochs=1)
    tracemalloc.start()
    try:
        epochs = training([short], prepare(data, resolved))
        for _ in epochs:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def spread(name: str, ratios: Array) -> str:
    """How far off an estimate is: estimated by measured."""
    low, middle, high = np.quantile(ratios, (0.05, 0.5, 0.95))
    worst = f"worst {ratios.min():.2f} and {ratios.max():.2f}"
    return f"{name}: estimated/measured {low:.2f} to {high:.2f} in nine of ten cases, median {middle:.2f}, {worst}"


def main() -> None:
    """Print the constants, and how far off they and those in use are."""
    parser = argparse.ArgumentParser(description="Fit the constants of engine.spec.cost on this processor.")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    every = cases()
    measured = np.array([[seconds(case) for case in every] for _ in range(asked.rounds)]).min(axis=0)
    matrix = np.array([counts(case) for case in every])
    constants = fitted((matrix / measured[:, None])[::2] * 1e-9)
    print("NANOSECONDS = {")
    for name, value in zip(NANOSECONDS, constants, strict=True):
        print(f'    "{name}": {value:.3g},')
    print("}")
    held_out = slice(1, None, 2)
    print(spread("fitted, on cases held out", (matrix @ constants * 1e-9 / measured)[held_out]))
    used = np.array([estimate(resolved, data.facts).seconds_per_epoch for resolved, data in every])
    print(spread("in use, on all cases", used / measured))
    peaks = np.array([peak_bytes(case) for case in every[:40]])
    memory = np.array([estimate(resolved, data.facts).memory_bytes for resolved, data in every[:40]])
    print(spread("memory", memory / peaks))


if __name__ == "__main__":
    main()
