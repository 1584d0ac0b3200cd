"""Time the engine against its peers and print the table of ratios.

    python -m benchmarks.engine --mnist mnist.npz [--workloads W1,W3] [--rounds 7] [--cpu 0] [--write]

Every contender is a warm process of its own on one processor and one BLAS thread; units run in turn, A B C A B C, and a
ratio is the median over the rounds of the engine's time divided by the peer's in the same round, because absolute times
move with whatever else the machine does. A contender that cannot be imported is left out. Results are kept in
``build/``, so that ``--write`` can put those of several runs into README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.engine.contenders import CONTENDERS, Bench, serve
from benchmarks.engine.report import Measured, kept, lines, machine
from benchmarks.engine.workloads import WORKLOADS
from scripts.readme import write

KEPT = Path(__file__).parents[2] / "build/measured.json"


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description="Time the engine against its peers, one core, one BLAS thread."
    )
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument(
        "--write", action="store_true", help="put all that was measured into README.md as well"
    )
    parser.add_argument("--serve", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--verbose", action="store_true", help="show what the contenders say")
    return parser.parse_args()


def main() -> None:
    """Print one row of ratios per workload."""
    asked = options()
    if asked.serve:
        serve(asked.serve, asked.workloads, asked.mnist)
        return
    bench = Bench(asked.mnist, asked.rounds, asked.cpu, asked.verbose)
    found: dict[str, Measured] = {}
    for name in asked.workloads.split(","):
        print(f"{name} ...", flush=True)
        found[name] = Measured.of(bench.seconds(name), WORKLOADS[name].unit_epochs)
    everything = kept(KEPT, found)
    print("\n".join([*lines(found), machine()]))
    if asked.write:
        write("bench", [*lines(everything), machine()])


if __name__ == "__main__":
    main()
