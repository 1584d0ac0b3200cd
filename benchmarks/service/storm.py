"""What others notice while experiments that begin with a checkpoint of 72 MB are posted over twenty connections."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from typing import Any

from benchmarks.service.figures import Figure, percentile
from benchmarks.service.latency import start_trainings
from benchmarks.service.load import Load, drive, get_request, post_request
from scripts.fresh_service import FreshService, fresh_service

__all__ = ["measure"]

WORKERS, POSTING, READING = 2, 20, 4
SECONDS, RATE = 10.0, 100
WARM_UP_SECONDS = 1.0
RATIO = 3.0
SOURCE: dict[str, Any] = {
    "dataset": "digits",
    "architecture": [3000, 3000],
    "precision": "float64",
    "max_epochs": 1,
    "optimizer": {"name": "sgd"},
    "batch_size": 512,
    "seed": 1,
}


def measure() -> Iterator[Figure]:
    """The same GETs in quiet and in the storm, while every worker trains something else."""
    with fresh_service(WORKERS) as service:
        source = service.post("/v1/experiments", SOURCE)["id"]
        (ended,) = service.wait_for([source])
        assert ended["status"] == "succeeded", ended
        ids = start_trainings(service)
        path = f"/v1/experiments/{ids[0]}"
        size = service.get(f"/v1/experiments/{source}/checkpoints")["data"][0]["bytes"]
        read(service, path, WARM_UP_SECONDS)
        quiet = read(service, path, SECONDS)
        begun = multiprocessing.get_context("spawn").Event()
        document = {**SOURCE, "init": {"name": "given", "checkpoint": f"{source}/best"}}
        posting = multiprocessing.get_context("spawn").Process(target=post, args=(service, document, begun))
        before = total(service)
        posting.start()
        begun.wait()
        time.sleep(WARM_UP_SECONDS)
        storm = read(service, path, SECONDS)
        posting.join()
        yield figure(quiet, storm, size, total(service) - before)
        for identifier in ids:
            service.post(f"/v1/experiments/{identifier}/cancel", {})


def read(service: FreshService, path: str, seconds: float) -> Load:
    """What another owner's program does: looks at an experiment so many times a second."""
    request = get_request(path)
    return drive(service, lambda _: request, connections=READING, seconds=seconds, rate=RATE)


def post(service: FreshService, document: dict[str, Any], begun: Event) -> None:
    """Post over every connection, again as soon as the answer is there; outlasts the reading."""
    request = post_request("/v1/experiments", document)
    begun.set()
    drive(service, lambda _: request, connections=POSTING, seconds=SECONDS + 2 * WARM_UP_SECONDS)


def total(service: FreshService) -> int:
    """How many experiments there are; few enough to be counted."""
    return int(service.get("/v1/experiments?limit=1")["total"] or 0)


def figure(quiet: Load, storm: Load, size: int, posted: int) -> Figure:
    """The ratio, and what it is one of."""
    p50, p99 = (percentile(storm.milliseconds, percent) for percent in (50, 99))
    quiet_p50, quiet_p99 = (percentile(quiet.milliseconds, percent) for percent in (50, 99))
    note = (
        f"{RATE} GETs a second; p99 {p99:.1f} ms instead of {quiet_p99:.1f} ms, p50 {p50:.1f} ms instead of "
        f"{quiet_p50:.1f} ms; {posted:,} posts over {POSTING} connections, each with {size / 1e6:.0f} MB of weights"
    )
    return Figure(
        "p99 of GETs in a storm of warm starts by that in quiet", p99 / quiet_p99, "×", RATIO, note=note
    )
