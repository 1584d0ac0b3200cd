"""Executor on Dask distributed: worker processes of a cluster, on other machines or this one.

Dask only carries a dispatch's id to an idle process and notices when that process dies. It is never asked for a
result, and never told to cancel anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dask
import structlog
from distributed import Client, Future, fire_and_forget
from distributed.scheduler import KilledWorker
from distributed.security import Security

from service.execution.dispatching.executor import Loss, MemoryUse, OnLost, Slots
from service.execution.outage import Outage
from service.execution.task import KILLED_FOR_MEMORY, train_dispatch

__all__ = ["DaskExecutor"]

ANSWER_SECONDS = 5
"""Seconds to wait for the scheduler before it counts as unreachable."""

_CONFIGURATION = {
    "distributed.client.heartbeat": "30s",
    "distributed.client.scheduler-info-interval": "60s",
    "distributed.comm.timeouts.connect": f"{ANSWER_SECONDS}s",
}

log = structlog.get_logger(__name__)


class DaskExecutor:
    """Starts dispatches in the workers of the scheduler at an address.

    ``security`` holds the certificates for an address that begins with ``tls://``.
    """

    def __init__(self, address: str, on_lost: OnLost, security: Security | None = None) -> None:
        dask.config.set(_CONFIGURATION)
        self._address = address
        self._security = security
        self._on_lost = on_lost
        self._client: Client | None = None
        self._outage = Outage("the Dask scheduler")
        self._killed: dict[str, MemoryUse] = {}
        self._is_subscribed = False

    def slots(self) -> Slots:
        """Threads of all workers, and those of them that have nothing to do."""
        try:
            found = self._count()
        except OSError as error:
            self._outage.note(error)
            return Slots(0, 0)
        self._outage.over()
        return found

    def memory_bytes(self) -> int | None:
        """The largest limit of a worker; None if a worker has none, or the scheduler is away."""
        try:
            identity = self._ask("identity", n_workers=-1)
        except OSError:
            return None
        limits = [worker["memory_limit"] for worker in identity["workers"].values()]
        return max(limits) if limits and all(limits) else None

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
        """Leave the scheduler, whose workers go on."""
        if self._client is not None:
            self._client.close()

    def _count(self) -> Slots:
        threads: dict[str, int] = self._ask("ncores")
        tasks: dict[str, list[str]] = self._ask("processing")
        idle = sum(max(0, count - len(tasks.get(worker, ()))) for worker, count in threads.items())
        return Slots(sum(threads.values()), idle)

    def _ask(self, question: str, **arguments: Any) -> Any:
        """The scheduler's answer; raises OSError (a timeout is one) if there is none."""
        client = self._connect()
        return client.sync(getattr(client.scheduler, question), callback_timeout=ANSWER_SECONDS, **arguments)

    def _connect(self) -> Client:
        """The client, created again where the scheduler was away for so long that the old one gave up."""
        if self._client is None or self._client.status == "closed":
            self._client = Client(
                self._address, security=self._security, set_as_default=False, timeout=ANSWER_SECONDS
            )
            self._is_subscribed = False
        if self._client.status != "running":
            # A scheduler that was started again knows of no subscriptions.
            self._is_subscribed = False
            message = "Lost the connection to the Dask scheduler; reconnecting."
            raise ConnectionError(message)
        if not self._is_subscribed:
            self._client.subscribe_topic(KILLED_FOR_MEMORY, self._note_kill)
            self._is_subscribed = True
        return self._client

    def _note_kill(self, event: tuple[Any, Mapping[str, Any]]) -> None:
        # The nanny announces a kill first, so this arrives before the end of the task.
        _, killed = event
        self._killed[killed["worker"]] = MemoryUse(killed["used_bytes"], killed["limit_bytes"])

    def _look_at_end(self, future: Future[None]) -> None:
        # "cancelled" means that the scheduler went away, and with it its workers, who hand back on their own;
        # the leases find what they could not.
        if future.status == "error":
            error = future.exception()
            log.warning("a task failed", dispatch_id=future.key, error=repr(error))
            worker = error.last_worker.address if isinstance(error, KilledWorker) else ""
            self._on_lost(Loss(str(future.key), self._killed.pop(worker, None)))
