"""The composition as its users have it: a checkout of its own, a real Docker daemon, a published port."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_tree import ROOT, all_files
from tests.end_to_end.cluster import free_port
from tests.end_to_end.harness import Client, user_environment, wait_for
from tests.packaging.conftest import SCRIPTS

OWN_SERVICES = ("api", "engine", "scheduler", "worker")
UP = ("up", "--build", "--detach", "--wait")
COMMAND_SECONDS = 1200
# A busy machine starts containers and trains in minutes.
PATIENCE_SECONDS = 300
FOLDERS = ("engine/", "migrations/", "requirements/", "scripts/", "service/")


class Composition:
    """A copy of the checkout, and the containers that Compose makes of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.project = f"trainyard-test-{uuid.uuid4().hex[:8]}"
        self.port = free_port()
        self.settings: dict[str, str] = {}
        for name in all_files():
            if name.startswith(FOLDERS) or "/" not in name:
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, directory / name)

    def compose(self, *words: str, standard_input: str = "") -> "subprocess.CompletedProcess[str]":
        """Run Compose; its exit code is for the caller to judge."""
        return self.call(SCRIPTS / "docker-compose", *words, standard_input=standard_input)

    def call(self, *command: str | Path, standard_input: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command in the checkout, beside a file .env of the settings."""
        lines = {"TRAINYARD_PORT": str(self.port)} | self.settings
        (self.directory / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            command,
            cwd=self.directory,
            # Of the variables that Compose would read, none but this.
            env=user_environment() | {"PATH": path, "COMPOSE_PROJECT_NAME": self.project},
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    def run(self, *words: str, standard_input: str = "") -> str:
        """Run Compose, which has to succeed; return what it prints."""
        done = self.compose(*words, standard_input=standard_input)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}{self.logs()}"
        return done.stdout

    def up(self) -> None:
        """Start what does not run, as the README says."""
        self.run(*UP)

    def execute(self, service: str, *command: str, standard_input: str = "") -> str:
        """Run a command in a service's container."""
        return self.run("exec", "-T", service, *command, standard_input=standard_input)

    def client(self) -> Client:
        """A client with a new key."""
        key = self.execute("api", "trainyard", "keys", "create", "--owner", "ann").strip()
        client = Client(f"http://127.0.0.1:{self.port}", key)
        wait_for(lambda: client.answers("/readyz"), "the service to be ready", PATIENCE_SECONDS)
        return client

    def container(self, service: str) -> Any:
        """What Docker knows of a service's container."""
        return docker_json("container", "inspect", self.run("ps", "--all", "--quiet", service).strip())[0]

    def logs(self) -> str:
        """Everything that the containers have said."""
        return self.compose("logs", "--no-color").stdout


def call(*words: str, standard_input: str = "") -> "subprocess.CompletedProcess[str]":
    """Run Docker's own command line; its exit code is for the caller to judge."""
    return subprocess.run(
        ["docker", *words],
        input=standard_input,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )


def docker(*words: str, standard_input: str = "") -> str:
    """Run Docker's own command line, which has to succeed; return what it prints."""
    done = call(*words, standard_input=standard_input)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def docker_json(*words: str) -> Any:
    """What Docker prints, which is JSON."""
    return json.loads(docker(*words))


@pytest.fixture(scope="session")
def make_composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Composition]]:
    """Copy the checkout into a directory of its own, as often as it is called; remove all containers in the end."""
    why = reason_to_skip()
    if why is not None:
        pytest.skip(why)
    made: list[Composition] = []

    def make() -> Composition:
        made.append(Composition(tmp_path_factory.mktemp("checkout")))
        return made[-1]

    yield make
    for composition in made:
        composition.run("down", "--volumes", "--remove-orphans")


@pytest.fixture(scope="session")
def composition(make_composition: Callable[[], Composition]) -> Composition:
    """The composition that most tests share; each leaves it running and ready."""
    composition = make_composition()
    composition.up()
    return composition


@pytest.fixture
def client(composition: Composition) -> Client:
    """A client of the shared composition, which is ready."""
    return composition.client()


def reason_to_skip() -> str | None:
    """Why nothing can be tested here."""
    if shutil.which("docker") is None:
        return "There is no command `docker` here."
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return f"There is no Docker daemon here: {asked.stderr.strip()}"
    return None
