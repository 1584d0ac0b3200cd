"""Imported by every Dask worker as it starts (``--preload service.execution.preload``).

A worker process is made ready here, so that its first experiment starts as fast as its tenth.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import os
import signal

from distributed import Worker

from service.execution.worker import WorkerProcess
from service.logs import configure_logs
from service.settings import Settings

__all__ = ["dask_setup", "dask_teardown", "process"]

NICENESS = 19
HAND_BACK_SECONDS = 3.0
"""Dask kills a worker four seconds after it asked it to end."""


@functools.cache
def process() -> WorkerProcess:
    """This process in its role as a worker, made on first use from the environment's settings."""
    settings = Settings()
    cache = settings.data_dir / "datasets"
    return WorkerProcess(settings.resolved_database_url, cache, settings.dataset_cache_bytes)


def dask_setup(_worker: Worker) -> None:
    """Make the process ready: behind everyone else for the CPU, deaf to Ctrl-C, connected to the database.

    A terminal's Ctrl-C reaches every process of it; a worker ends when its parent says so.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    configure_logs()
    # A worker that ends would complain about the task that it hands back.
    logging.getLogger("distributed.worker.state_machine").setLevel(logging.ERROR)
    process().prepare()
    # What was imported stays until the end: the collector need not look through it again and again.
    gc.freeze()


async def dask_teardown(_worker: Worker) -> None:
    """Hand back what is being trained, before Dask ends the process."""
    await asyncio.to_thread(process().stop, HAND_BACK_SECONDS)
    process().close()
