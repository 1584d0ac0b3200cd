"""Run the published experiments again, five seeds each, and print figure, band and ours.

    python -m benchmarks.published --mnist mnist.npz

A band is where one honest new run lies (99.5 %); a figure is ``inside`` when the median of our runs is. Takes some
forty minutes in one process; ``--only l0`` runs the figures whose names begin so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from benchmarks.published.figures import measured
from benchmarks.published.runs import Run, run_of

FIGURES = Path(__file__).parents[2] / "tests" / "truth" / "published.json"
SEEDS = (1, 2, 3, 4, 5)
Figure = dict[str, Any]


def gaps(figures: list[Figure], ours: dict[str, list[Any]]) -> Iterator[tuple[str, list[float]]]:
    """The differences of two runs, seed by seed: ``init30.gap_epoch1`` is default minus large."""
    for figure in figures:
        if ".gap_" in figure["id"]:
            network = figure["id"].split(".")[0]
            pairs = zip(
                ours[f"{network}.default.epoch1_val_acc"],
                ours[f"{network}.large.epoch1_val_acc"],
                strict=True,
            )
            yield figure["id"], [default - large for default, large in pairs]


def _line(figure: Figure, values: list[Any]) -> tuple[str, bool]:
    low, high = figure["band"]
    found = np.array(values, dtype=float)
    median = np.median(found, axis=0)
    inside = bool((median >= low).all() and (median <= high).all())
    shown_median = " ".join(f"{value:.5g}" for value in np.atleast_1d(median))
    alone = int(((found >= low) & (found <= high)).reshape(len(values), -1).all(axis=1).sum())
    published = figure["published"]
    shown = " ".join(map(str, published)) if isinstance(published, list) else f"{published:.5g}"
    verdict = "inside" if inside else "OUTSIDE"
    columns = (
        figure["id"],
        shown,
        f"{low:.5g} to {high:.5g}",
        shown_median,
        f"{alone}/{len(values)}",
        verdict,
    )
    return f"| {' | '.join(columns)} |", inside


def _train_all(path: str, figures: list[Figure], processes: int) -> dict[str, list[Any]]:
    runs: dict[Run, list[Figure]] = defaultdict(list)
    for figure in figures:
        if ".gap_" not in figure["id"]:
            runs[run_of(figure)].append(figure)
    ours: dict[str, list[Any]] = {}
    longest_first = sorted(runs, key=lambda run: -run.epochs * run.rows * run.layers[1])
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(measured, path, run, runs[run], SEEDS) for run in longest_first]
        for number, future in enumerate(waiting, 1):
            ours |= future.result()
            print(f"run {number} of {len(waiting)} is done", file=sys.stderr)
    return ours | dict(gaps(figures, ours))


def main() -> None:
    """Print one line per figure; exit with 1 if any is outside its band."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--mnist", required=True, help="path of mnist.npz with x_train, y_train, x_test, y_test"
    )
    parser.add_argument("--only", default="", help="run only figures whose names begin with this")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    everything = json.loads(FIGURES.read_text())["figures"]
    figures = [figure for figure in everything if figure["id"].startswith(arguments.only)]
    ours = _train_all(arguments.mnist, figures, arguments.processes)
    report(figures, ours)


def report(figures: list[Figure], ours: dict[str, list[Any]]) -> NoReturn:
    """Print the table; exit with 1 if any figure is outside its band."""
    lines = [_line(figure, ours[figure["id"]]) for figure in figures]
    print(f"| figure | published | band | ours, median of {len(SEEDS)} seeds | seeds inside | |")
    print("|---|---|---|---|---|---|")
    print("\n".join(line for line, _ in lines))
    inside = sum(good for _, good in lines)
    print(f"\n{inside} of {len(lines)} figures inside their band.")
    raise SystemExit(0 if inside == len(lines) else 1)


if __name__ == "__main__":
    main()
