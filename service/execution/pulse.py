"""Heartbeat over a pipe, by which a parent detects a hung child.

It needs no database and no clock that can be set, so an outage of the one or a step of the other kills no process.
A child that hangs when its parent is killed cannot notice that; the kernel ends it.

    python -P -m service.execution.pulse DESCRIPTOR MODULE [ARGUMENT ...]

runs a module that beats on the pipe from before its first import: on a busy machine imports alone can take longer than
a child may be silent.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import select
import signal
import sys
import threading
import time

__all__ = [
    "BEAT",
    "BEAT_SECONDS",
    "SILENT_SECONDS",
    "Listener",
    "die_with_parent",
    "end_with_parent",
    "start_beating",
]

BEAT = b"."
BEAT_SECONDS = 1.0

SILENT_SECONDS = 30.0
"""Seconds of silence after which a worker or reader counts as hung and is killed and replaced."""


_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have Linux kill this process when its parent ends, even while it is stopped and sees no pipe close.

    A frozen engine would otherwise keep the lock of its data directory. The parent counts as ended when the thread ends
    that started this process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent() -> None:
    """Have a daemon thread end this process once its parent's end of standard input is closed.

    Nothing is handed back: a new parent may be waiting for the lock, and takes over from the last flush.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def start_beating(descriptor: int) -> None:
    """Write a line with ``BEAT`` to the pipe every second from a daemon thread; end the process if it has no reader."""

    def beat() -> None:
        while True:
            try:
                os.write(descriptor, BEAT + b"\n")
            except OSError:
                # The parent is gone. Nothing is handed back: its successor takes over from the last flush.
                os._exit(1)
            time.sleep(BEAT_SECONDS)

    threading.Thread(target=beat, name="beat", daemon=True).start()


class Listener:
    """Reads the lines that a child writes to a pipe, and counts for how long it has written none.

    Silence is counted in slices of a second that this process was itself awake for: after a freeze of parent and
    child alike the child has a slice's time to write, however long the freeze was.
    """

    def __init__(self, descriptor: int) -> None:
        self.silent_seconds = 0.0
        self._descriptor = descriptor
        self._rest = b""

    def lines(self) -> list[bytes] | None:
        """Wait for up to a second; return the complete lines but the beats, None at the end of the pipe."""
        if not select.select([self._descriptor], [], [], BEAT_SECONDS)[0]:
            self.silent_seconds += BEAT_SECONDS
            return []
        received = os.read(self._descriptor, 65_536)
        if not received:
            return None
        self.silent_seconds = 0.0
        *complete, self._rest = (self._rest + received).split(b"\n")
        return [line for line in complete if line != BEAT]


def main() -> None:
    """Beat, and be the module that the command line names."""
    _, beats, module, *arguments = sys.argv
    die_with_parent()
    start_beating(int(beats))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
