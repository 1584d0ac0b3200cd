"""The commands of docker-compose.yml, run as processes against a real PostgreSQL, train an experiment.

What Docker would add, the names of hosts and the published port, is put in by hand.
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.packaging.conftest import SCRIPTS

START_SECONDS = 60.0


class Composition:
    """Processes by the names of their services."""

    def __init__(self, services: dict[str, Any], database_url: str, directory: Path) -> None:
        self.services = services
        self.directory = directory
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.scheduler_port, self.health_port, self.api_port = free_ports(3)
        self.replacements = {
            services["api"]["environment"]["TRAINYARD_DATABASE_URL"]: database_url,
            "scheduler:8786": f"127.0.0.1:{self.scheduler_port}",
            "--port=8786": f"--host=tls://127.0.0.1:{self.scheduler_port}",
            "127.0.0.1:8787": f"127.0.0.1:{self.health_port}",
            "--nthreads=1": "--nthreads=1 --host=tls://127.0.0.1",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - the image would
            "/run/trainyard-database": str(directory / "database-password"),
            "/run/trainyard": str(directory / "keys"),
            "--local-directory=/tmp": f"--local-directory={directory}",
        }

    def environment(self, name: str) -> dict[str, str]:
        """What a service's container is started with, and what its image has set."""
        composed = {key: self.local(value) for key, value in self.services[name]["environment"].items()}
        return {
            "PATH": os.environ["PATH"],
            "TRAINYARD_AUTH": "on",
            **composed,
            "TRAINYARD_DATA_DIR": str(self.directory),
            "TRAINYARD_PORT": str(self.api_port),
        }

    def execute(self, name: str, *command: str) -> str:
        """Run a command in a service's container, as `docker compose exec` does; return what it prints."""
        program, *arguments = command
        return subprocess.run(
            [SCRIPTS / program, *arguments],
            cwd=self.directory,
            env=self.environment(name),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def start(self, name: str) -> None:
        """Start a service's process; what it says goes to a file of its name."""
        environment = self.environment(name)
        program, *arguments = self.local(" ".join(self.services[name]["command"])).split()
        with (self.directory / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [SCRIPTS / program, *arguments], cwd=self.directory, env=environment, stdout=log, stderr=log
            )

    def stop(self) -> dict[str, int]:
        """End one process after another, dependents first, as Compose does; return their exit codes."""
        codes = {}
        for name, process in reversed(self.processes.items()):
            process.terminate()
            codes[name] = process.wait(timeout=30)
        return codes

    def local(self, text: str) -> str:
        for composed, here in self.replacements.items():
            text = text.replace(composed, here)
        return text

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text()}" for path in sorted(self.directory.glob("*.log"))
        )

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, httpx.HTTPError):
                if condition():
                    return
            time.sleep(0.05)
        pytest.fail(f"{condition.__name__} did not happen in {START_SECONDS:g} s:\n{self.logs()}")


@pytest.fixture
def composition(services: dict[str, Any], postgresql_url: str, tmp_path: Path) -> Iterator[Composition]:
    running = Composition(services, postgresql_url, tmp_path)
    try:
        yield running
    finally:
        for process in running.processes.values():
            process.kill()
            process.wait()


def test_the_composed_commands_train_an_experiment(composition: Composition) -> None:
    def scheduler_listens() -> bool:
        return httpx.get(f"http://127.0.0.1:{composition.health_port}/health").text == "ok"

    for name in ("prepare", "migrate"):
        composition.start(name)
        assert composition.processes.pop(name).wait(timeout=START_SECONDS) == 0, composition.logs()
    secrets = [
        path for name in ("keys", "database-password") for path in (composition.directory / name).iterdir()
    ]
    assert {path.name for path in secrets} == {
        "ca.pem",
        "cluster.key",
        "cluster.pem",
        "key-pepper",
        "password",
    }
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    composition.start("scheduler")
    composition.wait_for(scheduler_listens)
    for name in ("worker", "engine", "api"):
        composition.start(name)

    with httpx.Client(base_url=f"http://127.0.0.1:{composition.api_port}") as client:
        read: dict[str, Any] = {}

        def service_is_ready() -> bool:
            return client.get("/readyz").status_code == httpx.codes.OK

        def experiment_ends() -> bool:
            read.update(client.get(f"/v1/experiments/{identifier}").json())
            return read["status"] in {"succeeded", "failed", "cancelled"}

        composition.wait_for(service_is_ready)
        assert client.get("/v1/experiments").status_code == httpx.codes.UNAUTHORIZED
        key = composition.execute("api", "trainyard", "keys", "create").strip()
        client.headers["Authorization"] = f"Bearer {key}"
        body = {"dataset": "iris", "architecture": [4], "max_epochs": 3, "seed": 1}
        created = client.post("/v1/experiments", json=body)
        assert created.status_code == httpx.codes.CREATED, created.text
        identifier = created.json()["id"]
        composition.wait_for(experiment_ends)
        assert (read["status"], read["stop_reason"]) == ("succeeded", "max_epochs"), composition.logs()

    assert {name: code for name, code in composition.stop().items() if code != 0} == {}, composition.logs()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
