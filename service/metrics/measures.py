"""Metrics in Prometheus' format."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from typing_extensions import override

from service.events.tail import Tail
from service.health.presence import Workers
from service.metrics import repository
from service.storage.database import Database, utc_now

__all__ = ["Measures"]

KEPT_SECONDS = 1.0
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Measures:
    """Counts requests, and looks at the database when asked, at most once a second."""

    def __init__(self, database: Database, tail: Tail, look: Callable[[Session], Workers]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "trainyard_http_requests",
            "Requests answered, by route.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._latency = Histogram(
            "trainyard_http_request_seconds",
            "Time until a response was complete; event streams last as long as their client listens.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Standings(database, tail, look))
        self._lock = threading.Lock()
        self._text = b""
        self._good_until = 0.0

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take in one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All metrics, at most a second old."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._text = generate_latest(self._registry)
                self._good_until = time.monotonic() + KEPT_SECONDS
            return self._text


class _Standings(Collector):
    """Numbers from the database, for all processes, and this process's open resources."""

    def __init__(self, database: Database, tail: Tail, look: Callable[[Session], Workers]) -> None:
        self._database = database
        self._tail = tail
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Empty: registration must not query the database."""
        return ()

    @override
    def collect(self) -> Iterator[Metric]:
        """Read all numbers; without a database only those of this process."""
        yield _gauge("event_readers", "Event streams that are open.", self._tail.readers)
        yield _gauge("database_connections", "Connections in use.", self._database.connections_in_use())
        try:
            with self._database.reading() as session:
                found = [*self._of_database(session)]
        except SQLAlchemyError:
            yield _gauge("database_up", "1 while the database is available.", 0)
            return
        yield _gauge("database_up", "1 while the database is available.", 1)
        yield from found

    def _of_database(self, session: Session) -> Iterator[Metric]:
        workers, pace = self._look(session), repository.pace(session)
        alive = workers.engine_silent_seconds is None
        yield _gauge("engine_up", "1 while an engine is running.", int(alive))
        yield _gauge("workers", "Available workers, busy or not.", workers.slots)
        yield _gauge("running_lanes", "Experiments in training.", pace.lanes)
        yield _gauge("busy_workers", "Workers in use; each trains one stack.", pace.dispatches)
        width = pace.lanes / pace.dispatches if pace.dispatches else 0.0
        yield _gauge("stack_width", "Mean number of experiments per stack.", width)
        yield _gauge(
            "epochs_per_second",
            "Epochs per second of all running experiments, each at its mean rate.",
            pace.epochs_per_second,
        )
        yield _gauge("running_losses", "Workers lost by the experiments that are running.", pace.losses)
        for name, count in repository.engine_counters(session).items():
            yield CounterMetricFamily(f"trainyard_{name}", "Since the engine started.", value=count)
        yield from _by_host(repository.hosts(session))
        yield from _by_status("experiments", repository.experiments_by_status(session))
        yield from _by_status("datasets", repository.datasets_by_status(session))


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"trainyard_{name}", words, value=value)


def _by_host(hosts: Iterable[repository.Host]) -> Iterator[Metric]:
    labels = ["host"]
    flushes: Any = SummaryMetricFamily(
        "trainyard_flush_seconds", "Flushes of workers, and the time they took.", labels=labels
    )
    replacements: Any = CounterMetricFamily(
        "trainyard_worker_replacements", "Workers that took the place of one that died.", labels=labels
    )
    cache: Any = GaugeMetricFamily(
        "trainyard_dataset_cache_bytes", "Data sets kept as files by the host's workers.", labels=labels
    )
    idle: Any = GaugeMetricFamily(
        "trainyard_idle_worker_bytes", "Memory of a worker before its first training.", labels=labels
    )
    for host in hosts:
        name = [host.hostname]
        flushes.add_metric(name, count_value=host.flushes, sum_value=host.flush_seconds)
        replacements.add_metric(name, host.replacements)
        cache.add_metric(name, host.cache_bytes)
        if host.idle_bytes is not None:
            idle.add_metric(name, host.idle_bytes)
    yield from (flushes, replacements, cache, idle)


def _by_status(name: str, standings: Iterable[repository.Standing]) -> Iterator[Metric]:
    labels = ["status"]
    count: Any = GaugeMetricFamily(f"trainyard_{name}", f"Unfinished {name}.", labels=labels)
    oldest: Any = GaugeMetricFamily(f"trainyard_{name}_oldest_seconds", "Age of the oldest.", labels=labels)
    for each in standings:
        count.add_metric([each.status], each.number)
        oldest.add_metric([each.status], max(0.0, (utc_now() - each.oldest).total_seconds()))
    yield count
    yield oldest
