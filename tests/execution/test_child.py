"""The engine as a child: it is ended, even if it does not hear it the first time."""

import signal
import subprocess
import sys

import pytest

from service.execution import child
from service.execution.child import EngineChild

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


def start(times: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", DEAF.format(times=times)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


@pytest.mark.parametrize(("times", "code"), [(1, 0), (2, 0), (100, -signal.SIGKILL)])
def test_is_asked_again_and_then_killed(monkeypatch: pytest.MonkeyPatch, times: int, code: int) -> None:
    monkeypatch.setattr(child, "END_SECONDS", 2)
    process = start(times)
    monkeypatch.setattr(EngineChild, "_start", lambda _self: process)
    engine = EngineChild(0)
    engine.close()
    assert process.wait() == code
