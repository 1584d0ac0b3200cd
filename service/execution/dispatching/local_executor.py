"""Executor with child processes: connected by pipes, without a listening socket."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from enum import StrEnum

import structlog

from engine import blas
from service.execution.dispatching.executor import HAND_BACK_SECONDS, Loss, MemoryUse, OnLost, Slots
from service.execution.memory import own_memory_bytes
from service.execution.pulse import SILENT_SECONDS, Listener

__all__ = ["REPLACES", "LocalExecutor", "Report"]

QUIET_SECONDS = 5.0
"""Seconds of silence after which a worker gets no work and does not count as ready."""

REPLACES = "replaces"
"""The argument of a worker that takes the place of one that died."""

SHORTEST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Report(StrEnum):
    """A worker's report; after each it can take a dispatch."""

    READY = "ready"
    """The worker has started."""

    DONE = "done"
    """The dispatch has ended; its outcome is in the database."""

    FAILED = "failed"
    """The dispatch ended before its training did."""


class LocalExecutor:
    """Trains in ``workers`` processes, each with one BLAS thread; a process that dies or hangs is replaced.

    A worker whose own memory (anonymous pages, not mapped data sets) exceeds ``memory_bytes`` is killed.
    """

    def __init__(
        self,
        workers: int,
        on_lost: OnLost,
        *,
        memory_bytes: int | None = None,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._memory_bytes = memory_bytes
        self._workers = [_Worker(on_lost, memory_bytes, silent_seconds) for _ in range(workers)]

    def slots(self) -> Slots:
        """Workers that have started, and those of them that have nothing to do."""
        return Slots(
            sum(worker.is_started for worker in self._workers),
            sum(worker.is_idle for worker in self._workers),
            sum(worker.is_started and worker.is_silent for worker in self._workers),
        )

    def memory_bytes(self) -> int | None:
        """Memory limit of each worker."""
        return self._memory_bytes

    def submit(self, dispatch_id: str) -> None:
        """Hand the dispatch to an idle worker; raises ConnectionError if there is none."""
        if not any(worker.take(dispatch_id) for worker in self._workers):
            message = "No worker is idle."
            raise ConnectionError(message)

    def close(self) -> None:
        """Stop every worker after it has handed back its work."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join()

    def processes(self) -> dict[int, str | None]:
        """The process ids of the workers, each with the dispatch that it trains."""
        return {worker.pid: worker.dispatch_id for worker in self._workers}


class _Worker:
    """One place for a worker: its process, which a thread of its own watches and replaces."""

    def __init__(self, on_lost: OnLost, memory_bytes: int | None, silent_seconds: float) -> None:
        self.is_started = False
        self.dispatch_id: str | None = None
        self._silent_for = 0.0
        self._killed_for: MemoryUse | None = None
        self._on_lost = on_lost
        self._memory_bytes = memory_bytes
        self._silent_seconds = silent_seconds
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._process, self._reports = _start(replaces=False)
        self._thread = threading.Thread(target=self._watch, name="worker", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_idle(self) -> bool:
        return self.is_started and self.dispatch_id is None and not self.is_silent

    @property
    def is_silent(self) -> bool:
        return self._silent_for >= QUIET_SECONDS

    def take(self, dispatch_id: str) -> bool:
        """Whether this worker was idle and has been sent the dispatch."""
        with self._changing:
            if not self.is_idle or not self._send(f"train {dispatch_id}"):
                return False
            self.dispatch_id = dispatch_id
            return True

    def stop(self) -> None:
        """Ask the process to hand its work back and end."""
        with self._changing:
            self._stopping.set()
            self._send("stop")

    def join(self) -> None:
        """Wait for the process to end; kill it if it takes too long."""
        try:
            self._process.wait(HAND_BACK_SECONDS + 1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join()

    def _send(self, command: str) -> bool:
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        try:
            self._process.stdin.write(f"{command}\n".encode())
        except (OSError, ValueError):
            # It has just died, or its pipe is already closed; its watching thread notices.
            return False
        return True

    def _watch(self) -> None:
        """Watch one process after another until told to stop."""
        wait = SHORTEST_WAIT_SECONDS
        while True:
            self._listen()
            was_started = self._bury()
            wait = SHORTEST_WAIT_SECONDS if was_started else min(2 * wait, LONGEST_WAIT_SECONDS)
            if self._stopping.wait(wait):
                return
            with self._changing:
                if self._stopping.is_set():
                    return
                self._process, self._reports = _start(replaces=True)

    def _listen(self) -> None:
        """Take reports in until the process ends; kill it if it hangs or takes too much memory."""
        listener = Listener(self._reports)
        while (lines := listener.lines()) is not None:
            self._silent_for = listener.silent_seconds
            for line in lines:
                self._take_in(Report(line.decode()))
            if listener.silent_seconds >= self._silent_seconds:
                self._kill("silent", seconds=listener.silent_seconds)
            elif self._memory_bytes is not None and not self._stopping.is_set():
                use = MemoryUse(own_memory_bytes(self.pid), self._memory_bytes)
                if use.used_bytes > use.limit_bytes:
                    self._killed_for = use
                    self._kill("out of memory", **use._asdict())

    def _take_in(self, report: Report) -> None:
        with self._changing:
            ended, self.dispatch_id = self.dispatch_id, None
            self.is_started = True
        if report is Report.FAILED and ended is not None:
            self._on_lost(Loss(ended))

    def _kill(self, why: str, **facts: float) -> None:
        log.warning("killing a worker", why=why, pid=self.pid, dispatch_id=self.dispatch_id, **facts)
        self._process.kill()

    def _bury(self) -> bool:
        """Release what belonged to the dead process, say what was lost; return whether it had started."""
        code = self._process.wait()
        os.close(self._reports)
        with self._changing:
            was_started, lost = self.is_started, self.dispatch_id
            self.is_started, self.dispatch_id = False, None
            self._silent_for, killed_for, self._killed_for = 0.0, self._killed_for, None
            if self._process.stdin is not None:
                self._process.stdin.close()
        if not self._stopping.is_set():
            log.warning("a worker ended; starting another", pid=self.pid, code=code, dispatch_id=lost)
        if lost is not None:
            self._on_lost(Loss(lost, killed_for))
        return was_started


def _start(*, replaces: bool) -> tuple[subprocess.Popen[bytes], int]:
    """A new worker process, which may replace one that died, and the pipe that it reports on."""
    reports, reporting = os.pipe()
    module, beats = "service.execution.worker.process", str(reporting)
    arguments = [beats, module, beats, *((REPLACES,) if replaces else ())]
    try:
        # -P keeps the working directory off sys.path: the installed package runs, not what happens to lie there.
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-P", "-m", "service.execution.pulse", *arguments],
            stdin=subprocess.PIPE,
            bufsize=0,
            # BLAS reads its variables once, when NumPy is imported.
            env=blas.environment() | os.environ,
            pass_fds=[reporting],
        )
    finally:
        os.close(reporting)
    return process, reports
