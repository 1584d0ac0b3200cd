"""A service of one's own for the length of a program: fresh data directory, free port, stopped and gone afterwards."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FINISHED", "FreshService", "fresh_service"]

FINISHED = frozenset({"succeeded", "failed", "cancelled"})
_SUCCESS = 2  # the first digit of the status
_START_SECONDS, _STOP_SECONDS, _POLL_SECONDS = 60, 30, 0.2


@dataclass(frozen=True)
class FreshService:
    """A running service; its processes form the session ``session_id``."""

    host: str
    port: int
    session_id: int

    def get(self, path: str) -> Any:
        """The JSON answer to a GET."""
        return self._ask("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a POST."""
        return self._ask("POST", path, json.dumps(body))

    def curl(self, path: str, *words: str) -> Any:
        """The JSON that curl prints with these words: for files, as people send them."""
        command = ["curl", "--silent", "--show-error", "--fail-with-body", *words]
        address = f"http://{self.host}:{self.port}{path}"
        answer = subprocess.run([*command, address], capture_output=True, text=True, check=True)  # noqa: S603 - curl
        return json.loads(answer.stdout)

    def wait_for(self, experiment_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The experiments, in the order of the ids, once every one of them has ended."""
        done = []
        for experiment_id in experiment_ids:
            while (experiment := self.get(f"/v1/experiments/{experiment_id}"))["status"] not in FINISHED:
                time.sleep(_POLL_SECONDS)
            done.append(experiment)
        return done

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        """The JSON answer; RuntimeError with the problem document where it is not a 2xx."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status // 100 != _SUCCESS:
            message = f"{method} {path}: {answer.status} {content.decode(errors='replace')}"
            raise RuntimeError(message)
        return json.loads(content)


@contextlib.contextmanager
def fresh_service(workers: int = 2, data: Path | None = None, **settings: str) -> Iterator[FreshService]:
    """Start the embedded service with so many workers, and stop it at the end of the block.

    ``data`` is a data directory to use and to leave; without one the service's data goes with it. ``settings`` are
    environment variables.
    """
    with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
        port, log = _free_port(), Path(folder, "log")
        environment = os.environ | {
            "TRAINYARD_HOST": "127.0.0.1",
            "TRAINYARD_PORT": str(port),
            "TRAINYARD_DATA_DIR": str(data or Path(folder, "data")),
            "TRAINYARD_DATABASE_URL": "",
            "TRAINYARD_SCHEDULER": "",
            "TRAINYARD_WORKERS": str(workers),
            **settings,
        }
        command = [str(Path(sys.executable).with_name("trainyard")), "serve"]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the project's own program
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        service = FreshService("127.0.0.1", port, process.pid)
        try:
            _wait_until_ready(service, process, log)
            yield service
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _wait_until_ready(service: FreshService, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, RuntimeError):
            service.get("/readyz")
            return
        time.sleep(_POLL_SECONDS)
    message = f"The service did not become ready; its log ends with:\n{log.read_text()[-4000:]}"
    raise RuntimeError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask as Ctrl-C does; whatever is left of the session after a while is killed."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
