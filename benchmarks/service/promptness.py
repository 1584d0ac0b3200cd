"""How soon something happens: a first epoch after a POST, the end after a cancel, the next epoch after a kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.service.figures import MS, Figure
from benchmarks.service.processes import busiest_worker
from benchmarks.service.watching import Watch, watching
from scripts.fresh_service import FINISHED, FreshService, fresh_service

__all__ = ["measure"]

WARM_UP, POSTS, CANCELS, KILLS = 6, 30, 20, 5
SMALL = {"dataset": "digits", "max_epochs": 3}
SHORT_EPOCHS = {"dataset": "digits", "architecture": [32], "max_epochs": 100_000}
RECOVERY_SECONDS = 4
"""In which a killed worker is replaced, so that the next kill finds the service whole."""


def measure() -> Iterator[Figure]:
    """All three, on a service with two workers that have trained before."""
    with fresh_service(2) as service, watching(service) as watch:
        for _ in range(WARM_UP):
            first_epoch(watch)
        posts = [first_epoch(watch) for _ in range(POSTS)]
        yield Figure(
            "POST → first epoch stored",
            median(posts) * MS,
            "ms",
            150,
            note=f"digits, median of {POSTS} one after another; slowest {max(posts) * MS:.0f} ms",
        )
        cancels = [cancelled(watch) for _ in range(CANCELS)]
        yield Figure(
            "cancel → cancelled",
            max(cancels),
            "s",
            0.5,
            note=f"epochs of some ms, slowest of {CANCELS}; median {median(cancels):.2f} s",
        )
        kills = [taken_over(service, watch) for _ in range(KILLS)]
        yield Figure(
            "worker killed (SIGKILL) → next epoch stored",
            max(kills),
            "s",
            2,
            note=f"by the other worker, slowest of {KILLS}; median {median(kills):.2f} s",
        )


def epoch_of(experiment: Any) -> int:
    """How many epochs are stored."""
    epoch: int = experiment["progress"]["epoch"]
    return epoch


def first_epoch(watch: Watch) -> float:
    """Seconds from before a POST until an epoch is seen."""
    begun = time.perf_counter()
    identifier = watch.post("/v1/experiments", SMALL)["id"]
    watch.until(identifier, lambda experiment: epoch_of(experiment) >= 1)
    seconds = time.perf_counter() - begun
    watch.until(identifier, lambda experiment: experiment["status"] in FINISHED)
    return seconds


def training(watch: Watch) -> str:
    """The id of an experiment that trains for long, and has begun."""
    identifier: str = watch.post("/v1/experiments", SHORT_EPOCHS)["id"]
    watch.until(identifier, lambda experiment: epoch_of(experiment) >= 1)
    return identifier


def cancelled(watch: Watch) -> float:
    """Seconds from before a cancel until the experiment has ended."""
    identifier = training(watch)
    begun = time.perf_counter()
    watch.post(f"/v1/experiments/{identifier}/cancel")
    watch.until(identifier, lambda experiment: experiment["status"] == "cancelled")
    return time.perf_counter() - begun


def taken_over(service: FreshService, watch: Watch) -> float:
    """Seconds from the death of the worker until an epoch is seen that it had not stored."""
    identifier = training(watch)
    worker = busiest_worker(service.session_id)
    os.kill(worker, signal.SIGKILL)
    begun = time.perf_counter()
    before = epoch_of(watch.experiment(identifier))
    watch.until(identifier, lambda experiment: epoch_of(experiment) > before)
    seconds = time.perf_counter() - begun
    watch.post(f"/v1/experiments/{identifier}/cancel")
    watch.until(identifier, lambda experiment: experiment["status"] in FINISHED)
    time.sleep(RECOVERY_SECONDS)
    return seconds
