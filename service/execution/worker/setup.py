"""Set up a worker process before its first experiment, with or without Dask."""

from __future__ import annotations

import functools
import gc
import os
import signal

from service.execution.worker.dispatches import WorkerProcess
from service.logs import configure_logs
from service.settings import Settings

__all__ = ["NICENESS", "make_ready", "process"]

NICENESS = 19


@functools.cache
def process() -> WorkerProcess:
    """This process in its role as a worker, made on first use from the environment's settings."""
    settings = Settings()
    cache = settings.data_dir / "datasets"
    return WorkerProcess(settings.resolved_database_url, cache, settings.dataset_cache_bytes)


def make_ready(*, replaces: bool) -> None:
    """Give way to every other process for the CPU, ignore Ctrl-C, and connect to the database.

    ``replaces`` says that this process took the place of one that died.
    A terminal's Ctrl-C reaches all of its processes; a worker ends when its parent says so.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    os.umask(0o077)
    configure_logs()
    process().prepare(replaces=replaces)
    # Imported modules live until the process ends, so the garbage collector need not scan them.
    gc.freeze()
