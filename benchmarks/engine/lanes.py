"""What a stack saves, by its number of lanes: the rule of ``engine.spec.lanes_per_stack`` rests on this table.

    python -m benchmarks.engine.lanes

Prints microseconds of processor time per lane and step, and how many times as fast as a lane alone that is. The best
of several rounds counts, since whatever else the machine does only adds to it.
"""

from __future__ import annotations

import time
from itertools import islice

from engine.data import Dataset, prepare  # the engine first: it prepares BLAS before NumPy is loaded
from engine.spec import Experiment, resolve
from engine.training import training

import numpy as np  # isort: skip

LANES = (1, 2, 4, 8, 16, 32)
ROUNDS, EPOCHS = 5, 2
CASES = {
    "16-16-10, batch 32": (16, [16], 32, "adam"),
    "64-32-10, batch 32": (64, [64, 32], 32, "adam"),
    "784-30-10, batch 10": (784, [30], 10, "sgd"),
    "784-100-10, batch 10": (784, [100], 10, "sgd"),
}
ROWS = 2000


def seconds(data: Dataset, document: dict[str, object], lanes: int) -> float:
    """Processor time of one step of one lane of a stack."""
    resolved = [
        resolve(Experiment.from_document({**document, "seed": seed}), data.facts) for seed in range(lanes)
    ]
    splits = prepare(data, resolved[0])
    epochs = training([each.experiment for each in resolved], splits)
    next(epochs)
    begun = time.process_time()
    for _ in islice(epochs, EPOCHS):
        pass
    steps = -(-len(splits.train) // resolved[0].experiment.batch_size)
    return (time.process_time() - begun) / EPOCHS / steps / lanes


def main() -> None:
    """Print one row per network."""
    generator = np.random.default_rng(0)
    print(f"| network | {' | '.join(f'{lanes} lanes' for lanes in LANES)} |\n|---{'|---' * len(LANES)}|")
    for name, (inputs, architecture, batch, optimizer) in CASES.items():
        x, y = generator.normal(size=(ROWS, inputs)), generator.integers(0, 10, ROWS)
        data = Dataset(x, y, task="multiclass", classes=10)
        document: dict[str, object] = {
            "architecture": architecture,
            "batch_size": batch,
            "optimizer": {"name": optimizer, "learning_rate": 0.01},
        }
        rounds = [[seconds(data, document, lanes) for lanes in LANES] for _ in range(ROUNDS)]
        best = [min(column) for column in zip(*rounds, strict=True)]
        cells = " | ".join(f"{1e6 * each:.0f} ({best[0] / each:.1f}×)" for each in best)
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
