"""Run the published experiments through the REST API, five seeds each, and print figure, band and ours.

    python -m benchmarks.published.api --mnist mnist.npz

Uploads MNIST as NPZ files, the rows that a figure is judged on as validation rows, posts the specifications and reads
the curves. Figures that need weights are left to ``benchmarks.published``.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.published.__main__ import FIGURES, SEEDS, Figure, gaps, report
from benchmarks.published.figures import measure
from benchmarks.published.runs import Curves, Mnist, Run, document, run_of
from scripts.fresh_service import FreshService, fresh_service

POLL_SECONDS = 0.2


class Uploads:
    """MNIST as data sets of a service: the first training rows, judged on some others; each is uploaded once."""

    def __init__(self, service: FreshService, path: str) -> None:
        self._service = service
        self._ids: dict[tuple[int, str], str] = {}
        with np.load(path) as arrays:
            x, y = arrays["x_train"], arrays["y_train"]
            self._train = x[:50_000], y[:50_000]
            self._judges = {
                "validation": (x[50_000:], y[50_000:]),
                "first 100 validation": (x[50_000:50_100], y[50_000:50_100]),
                "test": (arrays["x_test"], arrays["y_test"]),
            }

    def of(self, run: Run) -> str:
        """The id of the data set of a run."""
        if (run.rows, run.judge) not in self._ids:
            self._ids[run.rows, run.judge] = self._upload(run)
        return self._ids[run.rows, run.judge]

    def _upload(self, run: Run) -> str:
        (x, y), (judge_x, judge_y) = self._train, self._judges[run.judge]
        content = io.BytesIO()
        arrays = {"x_validation": judge_x, "y_validation": judge_y}
        np.savez(content, x_train=x[: run.rows], y_train=y[: run.rows], **arrays)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, f"mnist-{run.rows}.npz")
            file.write_bytes(content.getvalue())
            made = self._service.curl(
                "/v1/datasets", "-F", f"file=@{file}", "-F", 'scaling={"divide_by": 256}'
            )
        identifier: str = made["id"]
        while (found := self._service.get(f"/v1/datasets/{identifier}"))["finished_at"] is None:
            time.sleep(POLL_SECONDS)
        assert found["status"] == "ready", found
        return identifier


def is_read_off_curves(figure: Figure, run: Run) -> bool:
    """Whether the API's metrics say what the figure is about."""
    return not (run.weights_each_epoch or figure["kind"] == "norm")


def curves(service: FreshService, identifiers: list[str]) -> list[Curves]:
    """What came of the experiments of a run, once all of them have ended."""
    service.wait_for(identifiers)
    return [Curves(service.get(f"/v1/experiments/{each}/metrics"), [], [], []) for each in identifiers]


def main() -> None:
    """Print one line per figure; exit with 1 if any is outside its band."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--mnist", required=True, help="path of mnist.npz with x_train, y_train, x_test, y_test"
    )
    parser.add_argument("--only", default="", help="run only figures whose names begin with this")
    arguments = parser.parse_args()
    runs: dict[Run, list[Figure]] = defaultdict(list)
    shown = [
        each for each in json.loads(FIGURES.read_text())["figures"] if each["id"].startswith(arguments.only)
    ]
    for figure in (each for each in shown if ".gap_" not in each["id"]):
        run = run_of(figure)
        if is_read_off_curves(figure, run):
            runs[dataclasses.replace(run, judged_each_epoch=True)].append(figure)
    mnist, ours = Mnist(arguments.mnist), dict[str, list[Any]]()
    with fresh_service(os.cpu_count() or 1) as service:
        uploads = Uploads(service, arguments.mnist)
        posted = {
            run: [
                service.post(
                    "/v1/experiments", document(run) | {"dataset": uploads.of(run), **_own_parts(seed)}
                )["id"]
                for seed in SEEDS
            ]
            for run in sorted(runs, key=lambda run: -run.epochs * run.rows * run.layers[1])
        }
        for run, identifiers in posted.items():
            found = curves(service, identifiers)
            ours |= {
                figure["id"]: [measure(figure, run, each, mnist) for each in found] for figure in runs[run]
            }
            print(f"{len(ours)} figures are there", flush=True)
    complete = [figure for figure in shown if ".gap_" in figure["id"] or figure["id"] in ours]
    report(complete, ours | dict(gaps(complete, ours)))


def _own_parts(seed: int) -> dict[str, Any]:
    return {"split": {"by": "dataset"}, "scaling": "auto", "seed": seed}


if __name__ == "__main__":
    main()
