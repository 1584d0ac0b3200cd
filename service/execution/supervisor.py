"""The engine as a child process: started, restarted when it dies, and stopped."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time

from service.execution.pulse import Listener

__all__ = ["HOPELESS", "EngineChild"]

SHORTEST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""Minimum lifetime of an engine that is restarted without delay."""

END_SECONDS = 15

HOPELESS = 2
"""Exit code of an engine with wrong settings or an unusable directory; restarting would fail the same way."""

SILENT_SECONDS = 60.0
"""Seconds of silence on its pipe after which an engine counts as hung and is killed and replaced."""

log = logging.getLogger(__name__)


class EngineChild:
    """One engine process of this process's own, which ends with it whatever happens.

    The child inherits ``descriptor``, if there is one, and with it the lock of the data directory, and a pipe as its
    standard input: when this process dies, the kernel closes the pipe and the child ends itself. The child writes a
    beat to a second pipe every second.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._ending = threading.Event()
        self._hopeless = threading.Event()
        self._changing = threading.Lock()
        self._restarts = 0
        self._process, self._beats = self._start()
        self._thread = threading.Thread(target=self._watch, name="engine", daemon=True)
        self._thread.start()

    def wait_until_hopeless(self) -> None:
        """Return when the engine has ended in a way that the next one would, too."""
        self._hopeless.wait()

    def close(self) -> None:
        """Let the engine hand its work back and exit; kill it after the timeout or on a second Ctrl-C."""
        self._ending.set()
        with self._changing:
            self._process.terminate()
        try:
            self._wait_for_end()
        finally:
            self._process.kill()
            self._thread.join()

    def _wait_for_end(self) -> None:
        """Ask again every second: a signal that comes while Python imports is lost where it raises in a callback."""
        for _ in range(END_SECONDS):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
                return
            self._process.terminate()

    def _start(self) -> tuple[subprocess.Popen[bytes], int]:
        """A new engine process, and the pipe that it beats on."""
        beats, beating = os.pipe()
        # -P keeps the working directory off sys.path: the installed package runs, not what happens to lie there.
        command = [sys.executable, "-P", "-m", "service.cli", "engine", "--attached", str(beating)]
        command += ["--restarts", str(self._restarts)]
        descriptors = [beating] if self._descriptor is None else [self._descriptor, beating]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=descriptors)  # noqa: S603 - our own command
        finally:
            os.close(beating)
        return process, beats

    def _watch(self) -> None:
        wait = SHORTEST_WAIT_SECONDS
        while True:
            started = time.monotonic()
            self._listen()
            code = self._process.wait()
            os.close(self._beats)
            if code == HOPELESS:
                # It has said why.
                self._hopeless.set()
                return
            if time.monotonic() - started > STEADY_SECONDS:
                wait = SHORTEST_WAIT_SECONDS
            if self._ending.is_set():
                return
            log.warning("The engine exited with code %s; restarting it in %g s.", code, wait)
            self._ending.wait(wait)
            with self._changing:
                if self._ending.is_set():
                    return
                self._restarts += 1
                self._process, self._beats = self._start()
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _listen(self) -> None:
        """Return when the engine ends; kill it if it hangs."""
        listener = Listener(self._beats)
        while listener.lines() is not None:
            if listener.silent_seconds >= SILENT_SECONDS:
                log.warning("The engine has been silent for %g s; killing it.", listener.silent_seconds)
                self._process.kill()
