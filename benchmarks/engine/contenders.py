"""Contenders as warm processes of their own, timed in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.engine.workloads import WORKLOADS, load
from engine.blas import environment

__all__ = ["CONTENDERS", "PEERS", "Bench", "serve"]

CONTENDERS = {
    "engine": "ours:Engine",
    "alone": "ours:EngineAlone",
    "products": "ours:Products",
    "jax": "peer_jax:Jax",
    "jax vmap": "peer_jax:JaxVmap",
    "torch": "peer_torch:Torch",
    "torch fused": "peer_torch:TorchFused",
    "sklearn": "peer_sklearn:Sklearn",
}
PEERS = tuple(name for name in CONTENDERS if name != "engine")
OURS = ("engine", "alone", "products")
SWEEP_ONLY = ("alone", "jax vmap")


def serve(contender: str, workload: str, mnist: str) -> None:
    """Be one contender: run a unit for every line read, answer with its seconds."""
    module, _, name = CONTENDERS[contender].partition(":")
    answers, sys.stdout = sys.stdout, sys.stderr
    run = getattr(import_module(f"benchmarks.engine.{module}"), name)(load(workload, mnist)).run
    run()
    print(json.dumps("ready"), file=answers, flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        run()
        print(json.dumps(time.perf_counter() - started), file=answers, flush=True)


def _answer(process: subprocess.Popen[str]) -> Any:
    """The next line of a contender, None if it has gone."""
    assert process.stdout is not None
    line = process.stdout.readline()
    return json.loads(line) if line else None


@dataclass(frozen=True)
class Bench:
    """How to time: ``rounds`` rounds on processor ``cpu``; ``verbose`` shows what the contenders say."""

    mnist: str
    rounds: int
    cpu: int
    verbose: bool

    def seconds(self, workload: str) -> dict[str, list[float]]:
        """Seconds of every round, by contender; one that cannot be imported is missing."""
        sweep = len(WORKLOADS[workload].lanes) > 1
        names = [name for name in CONTENDERS if sweep or name not in SWEEP_ONLY]
        processes = {name: process for name in names if (process := self._started(name, workload))}
        seconds: dict[str, list[float]] = {name: [] for name in processes}
        for _ in range(self.rounds):
            for name, process in processes.items():
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
                seconds[name].append(_answer(process))
        for process in processes.values():
            process.communicate()
        return seconds

    def _started(self, contender: str, workload: str) -> subprocess.Popen[str] | None:
        """A contender's process, warm; None if it could not start."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
        variables = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.engine", "--serve", contender, "--workloads", workload]
        process = subprocess.Popen(  # noqa: S603 - this program itself
            [*command, "--mnist", self.mnist],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if self.verbose else subprocess.DEVNULL,
            text=True,
            env=inherited | variables | (environment() if contender in OURS else {}),
            preexec_fn=lambda: os.sched_setaffinity(0, {self.cpu}),  # noqa: PLW1509 - no threads here
        )
        return process if _answer(process) == "ready" else None
