"""How much longer an experiment takes in the service than in the bare engine, whatever is stored meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from benchmarks.service.figures import MS, Figure
from benchmarks.service.processes import processor_seconds, workers_of
from engine import blas
from scripts.fresh_service import FreshService, fresh_service

__all__ = ["measure"]

ROUNDS = 9
LIMIT = 1.03
SEED = 1
_SGD = {"name": "sgd", "learning_rate": 0.5}
_SIGMOID = {"activation": "sigmoid", "loss": "binary_cross_entropy", "optimizer": _SGD}

RUNS: dict[str, dict[str, Any]] = {
    "iris [16]": {"dataset": "iris", "architecture": [16], "max_epochs": 24_000},
    "mnist-mini [30], batches of 10": {
        **_SIGMOID,
        "dataset": "mnist-mini",
        "architecture": [30],
        "batch_size": 10,
        "max_epochs": 1400,
    },
    "mnist-mini [256, 128]": {"dataset": "mnist-mini", "architecture": [256, 128], "max_epochs": 320},
}
"""More than five seconds each: epochs shorter than a millisecond, short ones of many steps, and long ones."""


class Took(NamedTuple):
    """How long a training took: by the clock, and of a processor, which others on the machine disturb less."""

    seconds: float
    processor: float


Train = Callable[[dict[str, Any]], Took]


def measure() -> Iterator[Figure]:
    """One figure per size of a run."""
    with fresh_service(1) as service, bare() as train:
        for name, document in RUNS.items():
            yield compared(name, service, train, {**document, "seed": SEED})


def compared(name: str, service: FreshService, train: Train, document: dict[str, Any]) -> Figure:
    """The median over the rounds of the ratio within one round; who begins changes from round to round."""
    brief = {**document, "max_epochs": 2}
    train(brief)
    in_service(service, brief)
    pairs = []
    for number in range(ROUNDS):
        if number % 2:
            alone = train(document)
            pairs.append((in_service(service, document), alone))
        else:
            served = in_service(service, document)
            pairs.append((served, train(document)))
    ratios = sorted(served.seconds / alone.seconds for served, alone in pairs)
    fastest = min(served.seconds for served, _ in pairs) / min(alone.seconds for _, alone in pairs)
    processor = median(served.processor / alone.processor for served, alone in pairs)
    epochs = document["max_epochs"]
    epoch_ms = median(alone.seconds for _, alone in pairs) / epochs * MS
    note = (
        f"median of {ROUNDS} pairs, {ratios[0]:.2f} to {ratios[-1]:.2f}; the fastest by the fastest {fastest:.3f}, "
        f"the processor's time {processor:.3f}; {epochs:,} epochs of {epoch_ms:.2f} ms"
    )
    return Figure(
        f"training in the service by the bare engine, {name}", median(ratios), "×", LIMIT, note=note
    )


def in_service(service: FreshService, document: dict[str, Any]) -> Took:
    """From the experiment's own start to its end, and what its worker used of a processor meanwhile."""
    [worker] = workers_of(service.session_id)
    before = processor_seconds(worker)
    identifier = service.post("/v1/experiments", document)["id"]
    [done] = service.wait_for([identifier])
    assert done["status"] == "succeeded", done
    started, finished = (datetime.fromisoformat(done[name]) for name in ("started_at", "finished_at"))
    return Took((finished - started).total_seconds(), processor_seconds(worker) - before)


@contextlib.contextmanager
def bare() -> Iterator[Train]:
    """A process that trains a document and says how long it took."""
    command = [sys.executable, "-m", "benchmarks.service.bare"]
    process = subprocess.Popen(  # noqa: S603 - the project's own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**blas.environment(), **os.environ},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def train(document: dict[str, Any]) -> Took:
            print(json.dumps(document), file=asked, flush=True)
            return Took(*map(float, answers.readline().split()))

        yield train
