"""A child process that reads one uploaded data set, and the thread that watches it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from service.execution.dispatching.executor import MemoryUse
from service.execution.memory import own_memory_bytes
from service.execution.pulse import SILENT_SECONDS, Listener

__all__ = ["ReaderProcess", "estimated_memory_bytes"]

END_SECONDS = 5.0
_READER_BYTES = 96 * 2**20
_BYTES_PER_FILE_BYTE = 5
"""Measured: 3 for numbers as CSV, 4 for JSON, 5 for categories, 8 for compressed pictures."""

log = structlog.get_logger(__name__)


def estimated_memory_bytes(file_bytes: int) -> int:
    """Estimate the memory of a process that reads a file of this size."""
    return _READER_BYTES + _BYTES_PER_FILE_BYTE * file_bytes


class ReaderProcess:
    """Reads one data set in one attempt.

    ``needed_bytes`` is the memory that it is expected to use. ``on_beat`` is called with the reader about once a second
    while it works, from its own thread. ``folder`` is for its temporary files, and is removed with it.
    """

    def __init__(
        self,
        identifier: str,
        attempt: int,
        folder: Path,
        *,
        needed_bytes: int,
        on_beat: Callable[[ReaderProcess], None],
    ) -> None:
        self.identifier, self.attempt, self.needed_bytes = identifier, attempt, needed_bytes
        self.killed_for: MemoryUse | None = None
        """Memory it used, if it was killed for that."""

        self.was_put_back = False
        """Whether it was killed to make room for others; nothing is held against its data set."""

        self._folder, self._on_beat = folder, on_beat
        folder.mkdir(parents=True)
        self._beats, beating = os.pipe()
        try:
            self._process = self._start(beating)
        finally:
            os.close(beating)
        self._thread = threading.Thread(target=self._watch, name=f"reader {identifier}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended and nothing of it is left."""
        return not self._thread.is_alive()

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.returncode

    def memory_bytes(self) -> int:
        """The memory that it uses now; 0 once it has ended."""
        return own_memory_bytes(self.pid) if self.returncode is None else 0

    def kill_for(self, use: MemoryUse) -> None:
        """Kill it because it alone uses too much memory."""
        log.warning("killing a reader", why="out of memory", dataset_id=self.identifier, **use._asdict())
        self.killed_for = use
        self._process.kill()

    def put_back(self, use: MemoryUse) -> None:
        """Kill it because it and the others together use too much memory."""
        log.warning("putting a data set back in line", dataset_id=self.identifier, **use._asdict())
        self.was_put_back = True
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to exit; ``join`` waits for that."""
        self._process.terminate()

    def join(self) -> None:
        """Wait until it has ended; kill it if that takes too long."""
        self._thread.join(END_SECONDS)
        if not self.has_ended:
            self._process.kill()
            self._thread.join()

    def _start(self, beats: int) -> subprocess.Popen[Any]:
        module = "service.execution.upkeep.reading_process"
        arguments = [str(beats), module, self.identifier, str(self.attempt), str(self._folder)]
        command = [sys.executable, "-P", "-m", "service.execution.pulse", *arguments]
        return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[beats])  # noqa: S603 - our own command

    def _watch(self) -> None:
        """Return when the process has ended; kill it if it hangs."""
        listener = Listener(self._beats)
        while listener.lines() is not None:
            if listener.silent_seconds >= SILENT_SECONDS:
                log.warning("killing a reader", why="silent", seconds=listener.silent_seconds)
                self._process.kill()
            else:
                self._on_beat(self)
        os.close(self._beats)
        # Also its standard input is closed: to a reader that beats no more this is the end of its parent.
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)
