"""Measure the service and print the table of its figures beside what they should be.

    python -m benchmarks.service [--parts overhead,promptness] [--write]

Each part starts services of its own; on a machine that does something else meanwhile the figures say little. What was
measured is kept, so that ``--write`` can put the parts of several runs into docs/operations.md.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.service import overhead, promptness, scale, stacks, traffic
from benchmarks.service.figures import Figure, kept, lines
from scripts.readme import write

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/bench-service.json"
OPERATIONS = ROOT / "docs/operations.md"

PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "overhead": overhead.measure,
    "promptness": promptness.measure,
    "stacks": stacks.measure,
    "traffic": traffic.measure,
    "scale": scale.measure,
}


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Measure the service.")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--write", action="store_true", help="put all that was kept into docs/operations.md")
    return parser.parse_args()


def measured(part: str) -> list[Figure]:
    """The figures of one part, each told as soon as it is there."""
    print(f"{part} (load average {os.getloadavg()[0]:.1f}) ...", flush=True)
    figures = []
    for figure in PARTS[part]():
        print("  " + " | ".join(figure.cells()), flush=True)
        figures.append(figure)
    return figures


def main() -> None:
    """Measure what was asked for and print its table."""
    asked = options()
    found: dict[str, list[Figure]] = {}
    for part in asked.parts.split(","):
        found[part] = measured(part)
        everything = kept(KEPT, {part: found[part]})
    print("\n".join(lines([figure for figures in found.values() for figure in figures])))
    if asked.write:
        ordered = [figure for part in PARTS for figure in everything.get(part, [])]
        write("bench-service", lines(ordered), OPERATIONS)


if __name__ == "__main__":
    main()
