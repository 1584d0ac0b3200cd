"""The service as its users have it: real processes, a real port, HTTP."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from tests.postgresql import die_with_parent

# Generous, for a machine with other work: a wait ends with its condition, and only a hang reaches the limit.
WAIT_SECONDS = 180
BINARIES = Path(sys.executable).parent


class Refused(Exception):
    """The service answered with a problem; its status, document and headers are the arguments."""


class Session:
    """A command and all its processes, in a session of their own, by which they can be found.

    ``living`` are those that no test has stopped yet. They end with the test run whatever happens to it: the command
    is killed with it, and what it started goes by that.
    """

    living: ClassVar[list["Session"]] = []

    def __init__(self, *command: str, **environment: str) -> None:
        self.lines: list[str] = []
        self.environment = environment
        self.process = subprocess.Popen(
            [BINARIES / command[0], *command[1:]],
            env=user_environment() | environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, which takes no lock
        )
        self.living.append(self)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def processes(self) -> dict[int, str]:
        """Every living process of the session, and its command line."""
        return {pid: words for pid, session, words in running() if session == self.process.pid}

    def workers(self) -> list[int]:
        """The processes that train."""
        return [
            pid
            for pid, words in self.processes().items()
            if "worker.process" in words or "spawn_main" in words
        ]

    def busiest_worker(self) -> int:
        """The training process that has just used the most of a processor."""
        before = {pid: processor_ticks(pid) for pid in self.workers()}
        time.sleep(0.2)
        used = {pid: processor_ticks(pid) - ticks for pid, ticks in before.items()}
        return max(used, key=lambda pid: used[pid])

    def worker_environment(self) -> dict[str, str]:
        """What a training process was started with."""
        lines = Path(f"/proc/{self.workers()[0]}/environ").read_text().split("\0")
        return dict(line.split("=", 1) for line in lines if line)

    def stop(self, *, signal_number: int = signal.SIGINT) -> None:
        """Stop the command as a user does, and wait until the whole session has ended."""
        self.process.send_signal(signal_number)
        self.wait()

    def kill(self) -> None:
        """Kill every process at once, stopped ones too."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        """Wait until nothing of the session runs."""
        self.process.wait(WAIT_SECONDS)
        wait_for(lambda: not self.processes(), "the session to end")
        self._reader.join(WAIT_SECONDS)
        if self.process.stderr is not None:
            self.process.stderr.close()
        if self in self.living:
            self.living.remove(self)


class Client:
    """Speaks to a service as curl does, with an API key if it has one."""

    def __init__(self, address: str, key: str | None = None) -> None:
        self.address = address
        self.headers = {"Content-Type": "application/json"}
        if key is not None:
            self.headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, document: object = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            self.address + path, data=body, method=method, headers=self.headers
        )
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as response:  # noqa: S310 - see above
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode(), error.headers) from error

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def answers(self, path: str) -> bool:
        """Whether the service is there and answers 200."""
        try:
            self.get(path)
        except (OSError, Refused):
            return False
        return True

    def submit(self, **document: Any) -> str:
        return str(self.call("POST", "/v1/experiments", document)["id"])

    def experiment(self, id_: str) -> Any:
        return self.get(f"/v1/experiments/{id_}")

    def epoch(self, id_: str) -> int:
        return int(self.experiment(id_)["progress"]["epoch"])

    def cancel(self, id_: str) -> None:
        self.call("POST", f"/v1/experiments/{id_}/cancel")

    def wait_for_epoch(self, id_: str, epoch: int = 1) -> None:
        wait_for(lambda: self.epoch(id_) >= epoch, f"epoch {epoch}")

    def wait_for_end(self, id_: str, seconds: float = WAIT_SECONDS) -> Any:
        """The experiment once it has ended."""
        wait_for(lambda: self.experiment(id_)["finished_at"] is not None, "the end", seconds)
        return self.experiment(id_)

    def fingerprints(self, id_: str) -> dict[str, str]:
        """The hash of each of the experiment's checkpoints."""
        found = self.get(f"/v1/experiments/{id_}/checkpoints")["data"]
        return {checkpoint["kind"]: checkpoint["sha256"] for checkpoint in found}


class Service(Session, Client):
    """``trainyard serve`` on a free port and a data directory of its own."""

    def __init__(
        self,
        data_dir: Path,
        workers: int = 2,
        within: tuple[str, ...] = (),
        settings: Mapping[str, str] = MappingProxyType({}),
        **environment: str,
    ) -> None:
        """Start it and wait until it is ready; ``within`` is a command that runs the one after it."""
        Session.__init__(
            self,
            *within,
            *((str(BINARIES / "trainyard"),) if within else ("trainyard",)),
            "serve",
            TRAINYARD_PORT="0",
            TRAINYARD_DATA_DIR=str(data_dir),
            TRAINYARD_WORKERS=str(workers),
            **settings,
            **environment,
        )
        Client.__init__(self, listening_address(self))
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        wait_for(lambda: self.answers("/readyz"), "the service to be ready")


def user_environment() -> dict[str, str]:
    """This process's environment without what the service would be told by it."""
    ours = ("TRAINYARD_", "OPENBLAS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def listening_address(session: Session) -> str:
    """Where a service that has just been started listens, as it says itself."""
    pattern = re.compile(r"listens on (http://\S+)")
    wait_for(lambda: pattern.search(session.log) or session.process.poll() is not None, "an address")
    found = pattern.search(session.log)
    assert found, session.log
    return found[1]


def running() -> Iterator[tuple[int, int, str]]:
    """Every process of this machine that is not a zombie: its id, its session, its command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if state != "Z":
                words = (folder / "cmdline").read_text().replace("\0", " ")
                yield int(folder.name), int(session), words


def processor_ticks(pid: int) -> int:
    """How much time of a processor the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait_for(condition: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Return once the condition holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
