"""Worker process of the embedded engine: reads commands from standard input, reports on a second pipe.

    python -P -m service.execution.worker.process DESCRIPTOR [replaces]

``DESCRIPTOR`` is the number of the pipe for reports; ``replaces`` marks the successor of a worker that died. Both pipes
are inherited from the engine, so no other process can reach the worker. Commands are lines: ``train DISPATCH_ID``,
``stop``. Reports are the ``Report`` lines. The engine starts it by ``service.execution.pulse``, which adds the beats.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading

import structlog

from service.execution.dispatching.executor import HAND_BACK_SECONDS
from service.execution.dispatching.local_executor import REPLACES, Report
from service.execution.worker.setup import make_ready, process

__all__ = ["main"]

log = structlog.get_logger(__name__)


class _LocalWorker:
    def __init__(self, reports: int, *, replaces: bool) -> None:
        self._reports = reports
        self._replaces = replaces
        self._dispatches: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ending = threading.Event()

    def run(self) -> None:
        """Train what the parent sends, one dispatch at a time."""
        # Before anything slow: the parent may die while this process starts.
        threading.Thread(target=self._listen, name="commands", daemon=True).start()
        make_ready(replaces=self._replaces)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self._hand_back).start())
        self._report(Report.READY)
        while True:
            dispatch_id = self._dispatches.get()
            try:
                process().train(dispatch_id)
            except Exception:
                log.exception("a dispatch failed", dispatch_id=dispatch_id)
                self._report(Report.FAILED)
            else:
                self._report(Report.DONE)

    def _listen(self) -> None:
        for line in sys.stdin.buffer:
            command, _, argument = line.decode().strip().partition(" ")
            if command == "stop":
                self._hand_back()
            self._dispatches.put(argument)
        # The pipe ends with the parent. Nothing is handed back: its successor takes over from the last flush.
        os._exit(1)

    def _report(self, report: Report) -> None:
        # A process about to end must not be taken for one that is idle.
        if not self._ending.is_set():
            os.write(self._reports, f"{report}\n".encode())

    def _hand_back(self) -> None:
        self._ending.set()
        process().stop(HAND_BACK_SECONDS)
        process().close()
        os._exit(0)


def main() -> None:
    """Work for the parent until it says stop or ends."""
    _LocalWorker(int(sys.argv[1]), replaces=REPLACES in sys.argv[2:]).run()


if __name__ == "__main__":
    main()
