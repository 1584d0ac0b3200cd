"""How many requests the API answers, and how soon, while every worker trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.service.figures import Figure, percentile
from benchmarks.service.latency import start_trainings
from benchmarks.service.load import Load, drive, get_request, post_request
from benchmarks.service.processes import processor_seconds
from scripts.fresh_service import FreshService, fresh_service

__all__ = ["measure"]

WORKERS = 2
CONNECTIONS, SECONDS = 8, 8.0
STEADY_SECONDS, STEADY_RATE = 15.0, 200
DELAYED_ACK_MS = 40
SMALLEST = {"dataset": "iris"}


@dataclass(frozen=True)
class Busy:
    """A service whose workers all train, and the path of one of the experiments."""

    service: FreshService
    path: str

    def load(
        self,
        request: Callable[[int], bytes],
        *,
        seconds: float = SECONDS,
        connections: int = CONNECTIONS,
        rate: float | None = None,
    ) -> tuple[Load, str]:
        """What came of a load, and how busy both sides were."""
        before = processor_seconds(self.service.session_id)
        done = drive(self.service, request, connections=connections, seconds=seconds, rate=rate)
        used = (processor_seconds(self.service.session_id) - before) / done.seconds
        return done, f"API process {used:.0%} of a core, load generator {done.own_share:.0%}"


def measure() -> Iterator[Figure]:
    """POSTs come last: they leave a long queue."""
    with fresh_service(WORKERS) as service:
        ids = start_trainings(service)
        busy = Busy(service, f"/v1/experiments/{ids[0]}")
        for part in (one_client, steady, gets, posts):
            yield part(busy)
        for identifier in ids:
            service.post(f"/v1/experiments/{identifier}/cancel", {})


def one_client(busy: Busy) -> Figure:
    """A client that asks again as soon as it is answered: a delayed ACK would cost it 40 ms each time."""
    request = get_request(busy.path)
    load, shares = busy.load(lambda _: request, connections=1)
    durations = load.milliseconds
    note = f"slowest of {len(durations)} in turn over one connection; median {median(durations):.1f} ms; {shares}"
    return Figure("GET never waits for a delayed ACK", max(durations), "ms", DELAYED_ACK_MS, note=note)


def steady(busy: Busy) -> Figure:
    """A page that looks at an experiment, its curve and the list, and now and then posts another one."""
    requests = [
        get_request(busy.path),
        get_request(f"{busy.path}/metrics?max_points=100"),
        get_request(busy.path),
        get_request("/v1/experiments?limit=5"),
        get_request(busy.path),
        get_request(f"{busy.path}/checkpoints"),
        get_request(busy.path),
        get_request("/v1/experiments?status=running"),
        get_request(busy.path),
        post_request("/v1/experiments", SMALLEST),
    ]
    load, shares = busy.load(
        lambda number: requests[number % len(requests)], seconds=STEADY_SECONDS, rate=STEADY_RATE
    )
    p50, p99 = (percentile(load.milliseconds, percent) for percent in (50, 99))
    note = f"nine GETs of four kinds to one POST; p50 {p50:.1f} ms, slowest {max(load.milliseconds):.0f} ms; {shares}"
    return Figure(f"p99 at {STEADY_RATE} requests a second", p99, "ms", 50, note=note)


def gets(busy: Busy) -> Figure:
    """As many as it takes of one running experiment."""
    request = get_request(busy.path)
    load, shares = busy.load(lambda _: request)
    note = f"of a running experiment, {spread(load)}; {shares}"
    return Figure("GETs a second", load.rate, "/s", 1000, at_least=True, note=note)


def posts(busy: Busy) -> Figure:
    """As many as it takes of the smallest document."""
    request = post_request("/v1/experiments", SMALLEST)
    load, shares = busy.load(lambda _: request)
    note = f"of the smallest document, {len(load.milliseconds)} queued in the end, {spread(load)}; {shares}"
    return Figure("POSTs a second", load.rate, "/s", 500, at_least=True, note=note)


def spread(load: Load) -> str:
    """Over how many connections, and how long each took."""
    p50, p99 = (percentile(load.milliseconds, percent) for percent in (50, 99))
    return f"{CONNECTIONS} connections, p50 {p50:.1f} ms, p99 {p99:.1f} ms"
