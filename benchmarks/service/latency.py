"""How long a GET of an experiment takes while every worker is training.

    python -m benchmarks.service.latency

Prints p50, p99 and the slowest of 200 requests: over one kept connection, and with a connection for each.
"""

from __future__ import annotations

import contextlib
import http.client
import time
from typing import TYPE_CHECKING

from scripts.fresh_service import FreshService, fresh_service

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS, REQUESTS, WARM_UP = 2, 200, 20
LIMIT_MS = 50
PAUSE_SECONDS = 0.01
LONG_TRAINING = {
    "dataset": "mnist-mini",
    "architecture": [30],
    "activation": "sigmoid",
    "loss": "binary_cross_entropy",
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
    "batch_size": 10,
    "max_epochs": 100_000,
}


def start_trainings(service: FreshService) -> list[str]:
    """One long training per worker; returns their ids once each has finished its first epoch."""
    ids = [service.post("/v1/experiments", LONG_TRAINING | {"seed": seed})["id"] for seed in range(WORKERS)]
    for experiment_id in ids:
        while epoch_of(service, experiment_id) < 1:
            time.sleep(PAUSE_SECONDS)
    return ids


def epoch_of(service: FreshService, experiment_id: str) -> int:
    """How far the experiment has come; it must not have ended."""
    experiment = service.get(f"/v1/experiments/{experiment_id}")
    assert experiment["status"] in {"queued", "dispatched", "running"}, experiment
    epoch: int = experiment["progress"]["epoch"]
    return epoch


def kept(service: FreshService, path: str) -> Callable[[], None]:
    """A GET over one connection that stays open."""
    connection = http.client.HTTPConnection(service.host, service.port, timeout=30)
    return lambda: get(connection, path)


def new(service: FreshService, path: str) -> Callable[[], None]:
    """A GET that opens and closes a connection of its own."""

    def request() -> None:
        connection = http.client.HTTPConnection(service.host, service.port, timeout=30)
        with contextlib.closing(connection):
            get(connection, path)

    return request


def get(connection: http.client.HTTPConnection, path: str) -> None:
    """One GET, read to its end."""
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == http.client.OK, answer.status


def milliseconds(request: Callable[[], None]) -> list[float]:
    """Duration of each request, sorted; a short pause between them, as no client asks without one."""
    durations = []
    for _ in range(WARM_UP + REQUESTS):
        started = time.perf_counter()
        request()
        durations.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_SECONDS)
    return sorted(durations[WARM_UP:])


def report(name: str, durations: list[float]) -> None:
    """One line; a percentile is the smallest duration that so many percent of all do not exceed."""
    p50, p99 = (durations[-(-len(durations) * percent // 100) - 1] for percent in (50, 99))
    verdict = "within" if p99 <= LIMIT_MS else "OVER"
    print(
        f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms ({verdict} {LIMIT_MS} ms), slowest {durations[-1]:.1f} ms"
    )


def main() -> None:
    """Train on every worker, measure, and make sure that the trainings went on all the while."""
    with fresh_service(WORKERS) as service:
        ids = start_trainings(service)
        path = f"/v1/experiments/{ids[0]}"
        before = [epoch_of(service, experiment_id) for experiment_id in ids]
        print(f"{REQUESTS} x GET {path} while {WORKERS} workers train:")
        report("one kept connection   ", milliseconds(kept(service, path)))
        report("a connection each time", milliseconds(new(service, path)))
        after = [epoch_of(service, experiment_id) for experiment_id in ids]
        print("epochs trained meanwhile:", ", ".join(str(b - a) for a, b in zip(before, after, strict=True)))
        for experiment_id in ids:
            service.post(f"/v1/experiments/{experiment_id}/cancel", {})


if __name__ == "__main__":
    main()
