"""Print how candidates for the default optimizer do on 46 data sets or 12 others, beside scikit-learn's defaults.

    python -m benchmarks.defaults [--set-aside] [--only "adam 0.003,mlp"] [--seeds 3] [--processes 2]

A score is the accuracy or R² on the test rows (20 %), averaged over seeds of split and network. A rank is 1 for the
best of one candidate, scikit-learn's network and its linear model on a data set; equal scores share their mean rank.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import isnan
from multiprocessing import get_context

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from statistics import mean, median

from benchmarks.defaults.contenders import CANDIDATES, PEERS, measured
from benchmarks.defaults.data_sets import DIAMONDS, NAMES, SET_ASIDE

MOST_ROWS = 5_000
"""Rows of a data set that is not measured in full."""

Job = tuple[str, str, int, int | None]
Scores = dict[tuple[str, str], list[float]]


def ranks(scores: Sequence[float]) -> list[float]:
    """1 for the largest, NaN last; equal ones share the mean of their ranks."""
    keys = [float("-inf") if isnan(score) else score for score in scores]
    return [
        sum(other > key for other in keys) + (1 + sum(other == key for other in keys)) / 2 for key in keys
    ]


def _measure(jobs: Sequence[Job], processes: int) -> tuple[Scores, set[tuple[str, str]]]:
    """The scores by data set and contender, and the pairs that diverged for some seed."""
    scores: Scores = {}
    diverged = set()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(measured, *job): job for job in jobs}
        for number, future in enumerate(as_completed(waiting), 1):
            name, contender, *_ = waiting[future]
            score, finite = future.result()
            scores.setdefault((name, contender), []).append(score)
            if not finite:
                diverged.add((name, contender))
            if not number % 100:
                print(f"{number} of {len(jobs)} runs are done", file=sys.stderr, flush=True)
    return scores, diverged


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _print_scores(
    names: Sequence[str], contenders: Sequence[str], scores: Mapping[tuple[str, str], float]
) -> None:
    print(_row(["data set", *contenders]))
    print(_row(["---"] * (1 + len(contenders))))
    for name in names:
        print(_row([name, *(f"{scores[name, contender]:.3f}" for contender in contenders)]))


def _print_summary(
    names: Sequence[str],
    candidates: Sequence[str],
    scores: Mapping[tuple[str, str], float],
    diverged: set[tuple[str, str]],
) -> None:
    columns = ("median rank", "of mlp", "of linear", "mean rank", "of mlp", "of linear")
    print(
        _row(
            ["candidate", "diverged on", *columns, "below constant", "wins against mlp", "mlp 80 %", "linear"]
        )
    )
    print(_row(["---"] * 12))
    for candidate in candidates:
        trio = [ranks([scores[name, each] for each in (candidate, "mlp", "linear")]) for name in names]
        by_contender = list(zip(*trio, strict=True))
        wins = [
            f"{sum(scores[name, candidate] > scores[name, peer] for name in names)} of "
            f"{sum(scores[name, candidate] != scores[name, peer] for name in names)}"
            for peer in ("mlp", "mlp 80 %", "linear")
        ]
        below = sum(not scores[name, candidate] >= scores[name, "constant"] for name in names)
        cells = [
            candidate,
            sum((name, candidate) in diverged for name in names),
            *(f"{median(each):g}" for each in by_contender),
            *(f"{mean(each):.2f}" for each in by_contender),
            below,
            *wins,
        ]
        print(_row(cells))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.defaults")
    parser.add_argument("--set-aside", action="store_true", help="the sets that no default was chosen by")
    parser.add_argument("--only", default="", help="candidates, separated by commas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    candidates = [each for each in arguments.only.split(",") if each] or list(CANDIDATES)
    names = [name for name in NAMES if (name in SET_ASIDE) == arguments.set_aside]
    contenders = [*candidates, *PEERS]
    jobs: list[Job] = [
        (name, contender, seed, MOST_ROWS)
        for name in names
        for contender in contenders
        for seed in range(1, arguments.seeds + 1)
    ]
    found, diverged = _measure(jobs, arguments.processes)
    scores = {pair: mean(values) for pair, values in found.items()}
    _print_scores(names, contenders, scores)
    print()
    _print_summary(names, candidates, scores, diverged)
    if not arguments.set_aside:
        _print_in_full(candidates, arguments.seeds, arguments.processes)


def _print_in_full(candidates: Sequence[str], seeds: int, processes: int) -> None:
    """The large regression file with all of its rows."""
    contenders = [*candidates, "mlp", "linear"]
    jobs: list[Job] = [(DIAMONDS, each, seed, None) for each in contenders for seed in range(1, seeds + 1)]
    found, diverged = _measure(jobs, processes)
    print(f"\n{DIAMONDS} with all of its rows:")
    print(_row(["contender", "R² by seed", "diverged"]))
    print(_row(["---"] * 3))
    for each in contenders:
        shown = " ".join(f"{score:.4f}" for score in sorted(found[DIAMONDS, each]))
        print(_row([each, shown, "yes" if (DIAMONDS, each) in diverged else "no"]))


if __name__ == "__main__":
    main()
