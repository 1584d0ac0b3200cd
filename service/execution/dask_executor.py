"""Dask distributed behind the executor port: worker processes on this machine or on a cluster.

Dask only carries a dispatch's id to an idle process and notices when that process dies. It is never asked for a
result, and never told to cancel anything.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask
import structlog
from distributed import Client, Future, LocalCluster, fire_and_forget
from distributed.core import Status
from distributed.security import Security

from service.execution.executor import Slots, WorkersGoneError
from service.execution.outage import Outage
from service.execution.task import train_dispatch

__all__ = ["DaskExecutor", "local_cluster"]

ANSWER_SECONDS = 5
"""How long to wait for the scheduler, which is otherwise taken to be away."""

PRELOAD, PRELOAD_NANNY = "service.execution.preload", "service.execution.nanny"

# What is switched off is what nobody looks at; it costs memory, CPU at rest, and start-up time.
_CONFIGURATION = {
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.client.heartbeat": "30s",
    "distributed.client.scheduler-info-interval": "60s",
    "distributed.comm.timeouts.connect": f"{ANSWER_SECONDS}s",
    # A worker that is not back after this time is given up for good, also if it has come back and died again.
    "distributed.deploy.lost-worker-timeout": "1000 days",
    "distributed.diagnostics.nvml": False,
    # A task whose worker died is for the dispatcher to judge, who counts.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.work-stealing": False,
    # It goes by the wall clock: one step of it would take living workers for dead. The leases do without.
    "distributed.scheduler.worker-ttl": None,
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.worker.profile.enabled": False,
}

log = structlog.get_logger(__name__)


def local_cluster(workers: int, scratch: Path) -> LocalCluster:
    """Start a scheduler in this process and as many worker processes, which end with this process.

    Each trains one dispatch at a time with one BLAS thread (Dask's default for worker processes).
    Raises WorkersGoneError if they do not start.
    """
    dask.config.set(_CONFIGURATION)
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            # Dask serves HTTP whatever one says; nothing is shown there, and nobody but this machine can ask.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            local_directory=os.fspath(scratch),
            preload=[PRELOAD],
            preload_nanny=[PRELOAD_NANNY],
        )
    except RuntimeError as error:
        raise WorkersGoneError("The worker processes do not start; the lines above say why.") from error


class DaskExecutor:
    """Starts dispatches on a cluster: one of this process's own, or the scheduler at an address.

    ``security`` holds the certificates for an address that begins with ``tls://``.
    """

    def __init__(
        self, cluster: LocalCluster | str, on_lost: Callable[[str], None], security: Security | None = None
    ) -> None:
        if isinstance(cluster, str):
            dask.config.set({"distributed.comm.timeouts.connect": f"{ANSWER_SECONDS}s"})
        self._cluster = cluster
        self._security = security
        self._on_lost = on_lost
        self._client: Client | None = None
        self._outage = Outage("the Dask scheduler")

    def slots(self) -> Slots:
        """Threads of all workers, and those of them that have nothing to do."""
        try:
            found = self._count()
        except OSError as error:
            self._outage.note(error)
            return Slots(0, 0)
        self._outage.over()
        return found

    def submit(self, dispatch_id: str) -> None:
        """Start the dispatch in an idle worker.

        All keys have one prefix, hence one expected duration, so that Dask takes no busy worker for an idle one.
        No worker is named: a task for a worker that died in the meantime would wait for it for ever.
        """
        try:
            future = self._connect().submit(train_dispatch, dispatch_id, key=dispatch_id, pure=False)
        except OSError as error:
            raise ConnectionError(str(error)) from error
        fire_and_forget(future)
        future.add_done_callback(self._look_at_end)

    def close(self) -> None:
        """Leave the scheduler; a cluster of our own ends, its workers handing back what they work on."""
        if self._client is not None:
            self._client.close()
        if isinstance(self._cluster, LocalCluster):
            # It would call what the workers hand back failed.
            logging.getLogger("distributed.scheduler").setLevel(logging.CRITICAL)
            self._cluster.close()

    def _count(self) -> Slots:
        threads: dict[str, int] = self._ask("ncores")
        tasks: dict[str, list[str]] = self._ask("processing")
        if isinstance(self._cluster, LocalCluster):
            _require_nannies(self._cluster)
        idle = sum(max(0, count - len(tasks.get(worker, ()))) for worker, count in threads.items())
        return Slots(sum(threads.values()), idle)

    def _ask(self, question: str) -> Any:
        """The scheduler's answer; raises OSError (a timeout is one) where there is none."""
        client = self._connect()
        return client.sync(getattr(client.scheduler, question), callback_timeout=ANSWER_SECONDS)

    def _connect(self) -> Client:
        """The client, made anew where the scheduler was away for so long that the old one gave up."""
        if self._client is None or self._client.status == "closed":
            self._client = Client(
                self._cluster, security=self._security, set_as_default=False, timeout=ANSWER_SECONDS
            )
        if self._client.status != "running":
            message = "The connection to the Dask scheduler is lost; trying to make it again."
            raise ConnectionError(message)
        return self._client

    def _look_at_end(self, future: Future[None]) -> None:
        # "cancelled" means that the scheduler went away, and with it its workers, who hand back on their own;
        # the leases find what they could not.
        if future.status == "error":
            log.warning("a task ended badly", dispatch_id=future.key, error=repr(future.exception()))
            self._on_lost(str(future.key))


def _require_nannies(cluster: LocalCluster) -> None:
    """Raise WorkersGoneError if a worker died and could not be started again, after which Dask tries no more."""
    if any(nanny.status in {Status.closed, Status.failed} for nanny in list(cluster.workers.values())):
        raise WorkersGoneError("A worker process died and does not start again; the lines above say why.")
