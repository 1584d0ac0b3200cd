"""Preload of Dask's nannies (``--preload-nanny service.execution.nanny``).

A worker inherits this process's environment, and its BLAS reads it before any code of ours runs there. The worker
beats on a pipe; one that hangs, or that uses more memory than it may, is killed here, and Dask's nanny replaces it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path

import dask
from distributed import Nanny

from engine import blas
from service.execution.memory import own_memory_bytes
from service.execution.pulse import SILENT_SECONDS, Listener
from service.execution.task import BEATS, KILLED_FOR_MEMORY

__all__ = ["dask_setup", "dask_teardown"]

ANSWER_SECONDS = 5.0

# Dask has workers return every freed block to the system at once, and training, which frees and takes the same blocks
# again and again, is then slower by up to a fifth.
dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None})

# Dask counts the pages of mapped data sets, and ends a worker by a signal at which ours hands its work back: the same
# experiment would fill the next one.
dask.config.set({"distributed.worker.memory.terminate": False, "distributed.worker.memory.pause": False})

for _name, _value in blas.environment().items():
    os.environ.setdefault(_name, _value)

log = logging.getLogger(__name__)


class _Watch:
    """Listens to the workers of one nanny, one after another, in a thread."""

    def __init__(self, nanny: Nanny) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trainyard-"))
        self._nanny = nanny
        self._loop = asyncio.get_running_loop()
        self._ending = threading.Event()
        self._worker: int | None = None
        beats = self.folder / "beats"
        os.mkfifo(beats, 0o600)
        # Also open for writing, which keeps the pipe open when a worker ends.
        self._beats = os.open(beats, os.O_RDWR)
        nanny.env[BEATS] = str(beats)
        threading.Thread(target=self._run, name="worker", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._ending.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self) -> None:
        listener = Listener(self._beats)
        while not self._ending.is_set() and (lines := listener.lines()) is not None:
            for line in lines:
                # Each says first which process it is.
                self._worker = int(line)
            # The nanny handles a worker that has exited.
            if self._worker is None or self._worker != self._nanny.pid:
                continue
            limit = self._nanny.memory_manager.memory_limit
            if listener.silent_seconds >= SILENT_SECONDS:
                self._kill(self._worker, f"silent for {listener.silent_seconds:g} s")
            elif limit and (used := own_memory_bytes(self._worker)) > limit:
                self._tell(used, limit)
                self._kill(self._worker, f"using {used:,} bytes of memory with a limit of {limit:,}")

    def _tell(self, used: int, limit: int) -> None:
        """Tell the engine why the worker is about to be killed."""
        told = {"worker": self._nanny.worker_address, "used_bytes": used, "limit_bytes": limit}
        event = self._nanny.scheduler.log_event(topic=KILLED_FOR_MEMORY, msg=told)
        try:
            asyncio.run_coroutine_threadsafe(event, self._loop).result(ANSWER_SECONDS)
        except (OSError, TimeoutError):
            log.warning("Could not tell the scheduler why a worker is being killed.")

    def _kill(self, pid: int, why: str) -> None:
        log.warning("Killing worker process %d: %s.", pid, why)
        self._worker = None
        os.kill(pid, signal.SIGKILL)


_watches: dict[str, _Watch] = {}


def dask_setup(nanny: Nanny) -> None:
    """Watch the workers that this nanny starts."""
    _watches[nanny.id] = _Watch(nanny)


def dask_teardown(nanny: Nanny) -> None:
    """Leave nothing behind."""
    _watches.pop(nanny.id).close()
