"""Time the engine against its peers and print the table of ratios.

    python -m benchmarks.engine --mnist mnist.npz [--workloads W1,W3] [--rounds 7] [--cpu 0]

Every contender is a warm process of its own on one processor and one BLAS thread; units run in turn, A B C A B C, and a
ratio is the median over the rounds of the engine's time divided by the peer's in the same round, because absolute times
move with whatever else the machine does. A contender that cannot be imported is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from statistics import median
from typing import Any

from benchmarks.engine.workloads import WORKLOADS, load
from engine.blas import environment

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
OURS = ("engine", "alone", "products")


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


def started(contender: str, workload: str, arguments: argparse.Namespace) -> subprocess.Popen[str] | None:
    """A contender's process, warm; None if it could not start."""
    variables = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.engine", "--serve", contender, "--workloads", workload]
    process = subprocess.Popen(  # noqa: S603 - this program itself
        [*command, "--mnist", arguments.mnist],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if arguments.verbose else subprocess.DEVNULL,
        text=True,
        env=os.environ | variables | (environment() if contender in OURS else {}),
        preexec_fn=lambda: os.sched_setaffinity(0, {arguments.cpu}),  # noqa: PLW1509 - no threads here
    )
    return process if answer(process) == "ready" else None


def answer(process: subprocess.Popen[str]) -> Any:
    """The next line of a contender, None if it has gone."""
    assert process.stdout is not None
    line = process.stdout.readline()
    return json.loads(line) if line else None


def timed(workload: str, arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of every round, by contender."""
    sweep = len(WORKLOADS[workload].lanes) > 1
    names = [name for name in CONTENDERS if sweep or name not in {"alone", "jax vmap"}]
    processes = {name: process for name in names if (process := started(name, workload, arguments))}
    seconds: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(arguments.rounds):
        for name, process in processes.items():
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            seconds[name].append(answer(process))
    for process in processes.values():
        process.communicate()
    return seconds


def main() -> None:
    """Print one row of ratios per workload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--serve", choices=CONTENDERS)
    parser.add_argument("--verbose", action="store_true", help="show what the contenders say")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.workloads, arguments.mnist)
        return
    peers = [name for name in CONTENDERS if name != "engine"]
    print(f"| | engine, ms/epoch | {' | '.join(peers)} |", flush=True)
    print(f"|---|---{'|---' * len(peers)}|")
    for workload in arguments.workloads.split(","):
        seconds = timed(workload, arguments)
        ours = seconds["engine"]
        epoch = 1000 * median(ours) / WORKLOADS[workload].unit_epochs
        ratios = [
            f"{median(a / b for a, b in zip(ours, seconds[name], strict=True)):.2f}"
            if name in seconds
            else ""
            for name in peers
        ]
        print(f"| {workload} | {epoch:.1f} | {' | '.join(ratios)} |", flush=True)


if __name__ == "__main__":
    main()
