"""What kills and freezes processes of a service, one after the other.

In the first third of the run everything is hit. After it the engine and the oldest worker are frozen for seconds at
most, so that there are processes old enough to tell growth from noise.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.harness import Service
from tests.soak.load import Owner
from tests.soak.memory import take_sample

__all__ = ["Attacker"]

LARGE_UPLOAD_ROWS = 400_000
FREEZE_SECONDS = 20.0
"""Shorter than what has a process replaced."""

READER_SECONDS = 30.0


class Attacker:
    """Hits the processes of a service every ``interval`` seconds, in a thread."""

    def __init__(self, service: Service, owner: Owner, interval: float, harsh_seconds: float) -> None:
        self.done: Counter[str] = Counter()
        self._service, self._owner = service, owner
        self._interval, self._harsh_until = interval, time.monotonic() + harsh_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        harsh = [
            self._kill_worker,
            self._freeze_worker,
            self._kill_engine,
            self._kill_reader,
            self._freeze_engine,
        ]
        mild = [
            self._kill_worker,
            self._freeze_worker,
            self._pause_engine,
            self._kill_reader,
            self._pause_api,
        ]
        number = 0
        while not self._stop.wait(self._interval * random.uniform(0.7, 1.3)):
            attacks: list[Callable[[], None]] = harsh if time.monotonic() < self._harsh_until else mild
            attack = attacks[number % len(attacks)]
            attack()
            print(time.strftime("%H:%M:%S"), attack.__name__.strip("_"), flush=True)
            self.done[attack.__name__.strip("_")] += 1
            number += 1

    def _kill_worker(self) -> None:
        self._signal(self._youngest_worker(), signal.SIGKILL)

    def _freeze_worker(self) -> None:
        self._signal(self._youngest_worker(), signal.SIGSTOP)

    def _kill_engine(self) -> None:
        self._signal(self._find("--attached"), signal.SIGKILL)

    def _freeze_engine(self) -> None:
        self._signal(self._find("--attached"), signal.SIGSTOP)

    def _pause_engine(self) -> None:
        self._pause(self._find("--attached"))

    def _pause_api(self) -> None:
        self._pause(self._service.process.pid)

    def _pause(self, pid: int | None) -> None:
        self._signal(pid, signal.SIGSTOP)
        self._stop.wait(FREEZE_SECONDS)
        self._signal(pid, signal.SIGCONT)

    def _kill_reader(self) -> None:
        self._owner.upload(LARGE_UPLOAD_ROWS)
        deadline = time.monotonic() + READER_SECONDS
        while (pid := self._find("reading_process")) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        self._signal(pid, signal.SIGKILL)

    def _youngest_worker(self) -> int | None:
        """One that has begun to work: frozen while Python starts it would outlive a killed engine."""
        started = [
            pid for pid in self._service.workers() if (sample := take_sample(pid, 0)) and sample.threads > 1
        ]
        return max(started, key=_started, default=None)

    def _find(self, words: str) -> int | None:
        return next((pid for pid, command in self._service.processes().items() if words in command), None)

    def _signal(self, pid: int | None, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, number)


def _started(pid: int) -> int:
    """When a process was started, in ticks; 0 where it has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return 0
