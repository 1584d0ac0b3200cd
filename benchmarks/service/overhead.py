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
from typing import Any

from benchmarks.service.figures import MS, Figure
from engine import blas
from scripts.fresh_service import FreshService, fresh_service

__all__ = ["measure"]

ROUNDS = 5
LIMIT = 1.03
SEED = 1
_SGD = {"name": "sgd", "learning_rate": 0.5}
_SIGMOID = {"activation": "sigmoid", "loss": "binary_cross_entropy", "optimizer": _SGD}

RUNS: dict[str, dict[str, Any]] = {
    "iris [16]": {"dataset": "iris", "architecture": [16], "max_epochs": 18_000},
    "mnist-mini [30], batches of 10": {
        **_SIGMOID,
        "dataset": "mnist-mini",
        "architecture": [30],
        "batch_size": 10,
        "max_epochs": 1000,
    },
    "mnist-mini [256, 128]": {"dataset": "mnist-mini", "architecture": [256, 128], "max_epochs": 300},
}
"""More than five seconds each: epochs shorter than a millisecond, short ones of many steps, and long ones."""


def measure() -> Iterator[Figure]:
    """One figure per size of a run."""
    with fresh_service(1) as service, bare() as train:
        for name, document in RUNS.items():
            yield compared(name, service, train, {**document, "seed": SEED})


def compared(
    name: str, service: FreshService, train: Callable[[dict[str, Any]], float], document: dict[str, Any]
) -> Figure:
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
    ratios = sorted(served / alone for served, alone in pairs)
    alone = median(seconds for _, seconds in pairs)
    epochs = document["max_epochs"]
    note = (
        f"median of {ROUNDS} pairs, {ratios[0]:.3f} to {ratios[-1]:.3f}; "
        f"{epochs} epochs of {alone / epochs * MS:.2f} ms, {alone:.1f} s"
    )
    return Figure(
        f"training in the service by the bare engine, {name}", median(ratios), "×", LIMIT, note=note
    )


def in_service(service: FreshService, document: dict[str, Any]) -> float:
    """Seconds between the experiment's own start and end."""
    identifier = service.post("/v1/experiments", document)["id"]
    [done] = service.wait_for([identifier])
    assert done["status"] == "succeeded", done
    started, finished = (datetime.fromisoformat(done[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


@contextlib.contextmanager
def bare() -> Iterator[Callable[[dict[str, Any]], float]]:
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

        def train(document: dict[str, Any]) -> float:
            print(json.dumps(document), file=asked, flush=True)
            return float(answers.readline())

        yield train
