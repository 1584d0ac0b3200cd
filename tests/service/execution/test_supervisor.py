"""The engine as a child: it is ended, even if it does not hear it the first time."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from service.execution import supervisor
from service.execution.supervisor import EngineChild

DEAF = """
import signal, sys
heard = []
def hear(*_):
    heard.append(1)
    if len(heard) == {times}:
        sys.exit()
signal.signal(signal.SIGTERM, hear)
print(flush=True)
while True:
    signal.pause()
"""


def start(times: int) -> tuple[subprocess.Popen[bytes], int]:
    """A process that ends when it is told so often, and a pipe that it never writes to."""
    beats, beating = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF.format(times=times)], stdout=subprocess.PIPE, pass_fds=[beating]
    )
    os.close(beating)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process, beats


@pytest.mark.parametrize(("times", "code"), [(1, 0), (2, 0), (100, -signal.SIGKILL)])
def test_is_asked_again_and_then_killed(monkeypatch: pytest.MonkeyPatch, times: int, code: int) -> None:
    monkeypatch.setattr(supervisor, "END_SECONDS", 2)
    process, beats = start(times)
    monkeypatch.setattr(EngineChild, "_start", lambda _self: (process, beats))
    engine = EngineChild(0)
    engine.close()
    assert process.wait() == code


def test_an_engine_that_hangs_is_killed_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 2.0)
    monkeypatch.setattr(supervisor, "END_SECONDS", 2)
    (hanging, _), (successor, _) = started = [start(1), start(1)]
    was_replaced = threading.Event()

    def begin(engine: EngineChild) -> tuple[subprocess.Popen[bytes], int]:
        if len(started) == 1:
            was_replaced.set()
        return started.pop(0)

    monkeypatch.setattr(EngineChild, "_start", begin)
    engine = EngineChild(0)
    assert was_replaced.wait(30)
    engine.close()
    assert (hanging.poll(), successor.poll()) == (-signal.SIGKILL, 0)
