"""What uploads take: pictures of MNIST's size, a CSV file of a gigabyte, and an experiment's start on what is there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parsing import write_npz
from benchmarks.service.figures import MS, Figure
from benchmarks.service.processes import command_line, peak_bytes, processes, reset_peak, resident_bytes
from engine.spec import Experiment, Split, resolve
from scripts.fresh_service import FreshService, fresh_service
from service.datasets.cache import DatasetCache
from service.execution.worker.training_data import TrainingData
from service.storage.database import Database

__all__ = ["measure"]

READY_SECONDS, GROWTH_MB, START_MS = 10, 50, 20
MB = 1e6
CSV_BYTES, COLUMNS, ROWS_AT_ONCE = 10**9, 15, 50_000
POLL_SECONDS = 0.05
PLENTY = 2**40


def measure() -> Iterator[Figure]:
    """Pictures first, then the file of a gigabyte by form and without one."""
    with tempfile.TemporaryDirectory(prefix="trainyard-") as place:
        folder = Path(place)
        pictures, table = folder / "pictures.npz", folder / "table.csv"
        write_npz(pictures)
        with fresh_service(1, folder / "data") as service:
            begun = time.perf_counter()
            made = service.curl("/v1/datasets", "-F", f"file=@{pictures}")
            found, _ = read(service, made["id"])
            note = f"60,000 × 28 × 28 bytes, {pictures.stat().st_size / MB:.0f} MB"
            seconds = time.perf_counter() - begun
            yield Figure("pictures of MNIST's size, POST → ready", seconds, "s", READY_SECONDS, note=note)
            yield from starts(folder / "data", found)
            write_table(table)
            yield from of_table(service, table)


def starts(data: Path, dataset: Any) -> Iterator[Figure]:
    """What a worker does before the first step, on a data set that its machine has as files."""
    resolved_in: list[float] = []
    with closing(Database(f"sqlite:///{data / 'trainyard.sqlite3'}")) as database:
        name, version = dataset["id"], dataset["version"]
        DatasetCache(database, data / "datasets", PLENTY).load(name, version)
        prepared = TrainingData(DatasetCache(database, data / "datasets", PLENTY).load)
        for seed in range(3):
            begun = time.perf_counter()
            resolved = resolve(Experiment(seed=seed), prepared.facts(name, version, Split()))
            if not resolved_in:
                seconds = time.perf_counter() - begun
                yield Figure(
                    "such a data set found on disk",
                    seconds * MS,
                    "ms",
                    START_MS,
                    note="and mapped, by a new process",
                )
            prepared.splits(name, version, resolved)
            resolved_in.append(time.perf_counter() - begun)
    first, *others = resolved_in
    note = "60,000 rows split, scaled and cast, once for each split and scaling"
    yield Figure("the first experiment on it made ready", first * MS, "ms", note=note)
    yield Figure(
        "the next experiment on it made ready",
        max(others) * MS,
        "ms",
        START_MS,
        note="of the same split and scaling",
    )


def write_table(path: Path) -> None:
    """Rows of numbers with six digits and a class, until there is a gigabyte of them."""
    random = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join([*(f"x{column}" for column in range(COLUMNS)), "y\n"]))
        while file.tell() < CSV_BYTES:
            rows, kinds = (
                random.normal(size=(ROWS_AT_ONCE, COLUMNS)).tolist(),
                random.integers(0, 2, ROWS_AT_ONCE),
            )
            lines = (
                ",".join([*(f"{number:.6g}" for number in row), str(kind)])
                for row, kind in zip(rows, kinds, strict=True)
            )
            file.write("\n".join(lines) + "\n")


def of_table(service: FreshService, table: Path) -> Iterator[Figure]:
    """The file by form and bare: how long it took, and what the API process occupied on top."""
    size = f"{table.stat().st_size / MB:,.0f} MB"
    for how in ("by form", "by PUT"):
        before = resident_bytes(service.session_id)
        reset_peak(service.session_id)
        begun = time.perf_counter()
        if how == "by form":
            made = service.curl("/v1/datasets", "-F", f"file=@{table}", "-F", "target=y")
        else:
            made = service.post(
                "/v1/datasets/announcements", {"name": "table", "target": "y", "scaling": "none"}
            )
            service.curl(made["links"]["content"], "-T", str(table))
        seconds = time.perf_counter() - begun
        grown = max(0, peak_bytes(service.session_id) - before) / MB
        note = f"{size} of CSV, taken in {seconds:.1f} s"
        yield Figure(f"memory of the API process on top, a gigabyte {how}", grown, "MB", GROWTH_MB, note=note)
        begun = time.perf_counter()
        found, peak = read(service, made["id"])
        note = f"{found['rows']:,} rows of {found['features']} numbers; {peak / MB:,.0f} MB in the process that reads"
        yield Figure(f"the same, taken in → ready, {how}", time.perf_counter() - begun, "s", note=note)


def read(service: FreshService, identifier: str) -> tuple[Any, int]:
    """The data set once it has been read, and the most that the process which reads it was seen to occupy."""
    peak = 0
    while (found := service.get(f"/v1/datasets/{identifier}"))["finished_at"] is None:
        for process in processes(service.session_id):
            try:
                if "reading_process" in command_line(process):
                    peak = max(peak, peak_bytes(process))
            except OSError:
                continue
        time.sleep(POLL_SECONDS)
    if found["status"] != "ready":
        raise RuntimeError(found["rejection"])
    return found, peak
