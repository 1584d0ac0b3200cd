"""Measure the service and print the table of its figures beside what they should be.

    python -m benchmarks.service [--parts overhead,promptness] [--database-url postgresql://…] [--write]

Each part starts services of its own; on a machine that does something else meanwhile the figures say little, and their
notes say so. What was measured is kept, so that ``--write`` can put the parts of several runs into docs/operations.md.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.service import long_run, overhead, promptness, scale, stacks, storm, traffic, uploads
from benchmarks.service.figures import Figure, kept, lines
from scripts.readme import write

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/bench-service.json"
UNDISTURBED = 1.0
OPERATIONS = ROOT / "docs/operations.md"

POSTGRESQL = "scale-postgresql"
PARTS: dict[str, Callable[..., Iterator[Figure]]] = {
    "overhead": overhead.measure,
    "promptness": promptness.measure,
    "stacks": stacks.measure,
    "traffic": traffic.measure,
    "storm": storm.measure,
    "scale": scale.measure,
    POSTGRESQL: scale.measure,
    "long-run": long_run.measure,
    "uploads": uploads.measure,
}


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Measure the service.")
    parser.add_argument("--parts", help=f"some of {','.join(PARTS)}; nothing measures nothing")
    parser.add_argument("--database-url", help=f"a PostgreSQL server, which {POSTGRESQL} needs")
    parser.add_argument("--write", action="store_true", help="put all that was kept into docs/operations.md")
    asked = parser.parse_args()
    possible = [part for part in PARTS if asked.database_url or part != POSTGRESQL]
    asked.parts = possible if asked.parts is None else list(filter(None, asked.parts.split(",")))
    if not set(asked.parts) <= set(possible):
        parser.error(f"--parts knows {', '.join(PARTS)}; {POSTGRESQL} needs --database-url")
    return asked


def measured(part: str, *arguments: str) -> list[Figure]:
    """The figures of one part, each told as soon as it is there."""
    load = os.getloadavg()[0]
    print(f"{part} (load average {load:.1f}) ...", flush=True)
    figures = []
    for figure in PARTS[part](*arguments):
        figures.append(disturbed(figure, load) if load > UNDISTURBED else figure)
        print("  " + " | ".join(figures[-1].cells()), flush=True)
    return figures


def disturbed(figure: Figure, load: float) -> Figure:
    """The figure with the warning that the machine had other things to do."""
    return replace(figure, note=f"{figure.note}; beside other work, load average {load:.1f}")


def main() -> None:
    """Measure what was asked for and print its table."""
    asked = options()
    # Whatever ends this program, the services that it started end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found: dict[str, list[Figure]] = {}
    everything = kept(KEPT, found)
    for part in asked.parts:
        found[part] = measured(part, asked.database_url) if part == POSTGRESQL else measured(part)
        everything = kept(KEPT, {part: found[part]})
    print("\n".join(lines([figure for figures in found.values() for figure in figures])))
    if asked.write:
        ordered = [figure for part in PARTS for figure in everything.get(part, [])]
        write("bench-service", lines(ordered), OPERATIONS)


if __name__ == "__main__":
    main()
