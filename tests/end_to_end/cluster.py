"""The processes of a cluster, each started by hand as on a host of its own, with certificates."""

import re
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import sqlalchemy as sa

from service.storage.database import Database
from tests.architecture.source_tree import ROOT
from tests.end_to_end.harness import Client, Session, listening_address, wait_for

PRELOADS = ("--preload-nanny", "service.execution.nanny", "--preload", "service.execution.preload")

# As docker-compose.yml has it, and docs/operations.md.
SCHEDULING = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "None",
}


CERTIFICATES = {"ca_file": "ca.pem", "cert": "cluster.pem", "key": "cluster.key"}


class Cluster:
    """A scheduler's address and a database; every process is started when the test says so."""

    def __init__(self, database_url: str, directory: Path, **environment: str) -> None:
        self.address = f"tls://127.0.0.1:{free_port()}"
        self.database = {"TRAINYARD_DATABASE_URL": database_url, **environment}
        self.directory = directory
        self.sessions: list[Session] = []
        make_certificates(directory)
        self.certificates = tuple(
            word
            for name, file in CERTIFICATES.items()
            for word in (f"--tls-{name.replace('_', '-')}", str(directory / file))
        )
        self.settings = settings_of(directory)

    def start(self, *command: str, **environment: str) -> Session:
        self.sessions.append(Session(*command, **environment))
        return self.sessions[-1]

    def migrate(self) -> None:
        migration = Session("trainyard", "migrate", TRAINYARD_DATA_DIR=str(self.directory), **self.database)
        migration.wait()
        assert migration.process.returncode == 0, migration.log

    def scheduler(self) -> Session:
        scheme, _, port = self.address.split(":")
        listening = ("--host", f"{scheme}://127.0.0.1:{port}", "--no-dashboard")
        session = self.start("dask", "scheduler", *listening, *self.certificates, **SCHEDULING)
        wait_for(lambda: listens(int(port)), "the scheduler to listen")
        return session

    def worker(self, *options: str) -> Session:
        place = ("--local-directory", str(self.directory), "--no-dashboard", "--nthreads", "1")
        return self.start(
            *("dask", "worker", self.address, *place, *PRELOADS, *self.certificates, *options),
            **self.database,
        )

    def engine(self) -> Session:
        scheduler = {"TRAINYARD_SCHEDULER": self.address}
        return self.start("trainyard", "engine", **scheduler, **self.database, **self.settings)

    def wait_for_slots(self, count: int) -> None:
        """Wait until the engine that dispatches knows of so many workers."""
        database = Database(self.database["TRAINYARD_DATABASE_URL"])

        def are_there() -> bool:
            with database.reading() as session:
                return bool(session.scalar(sa.text("SELECT max(slots) FROM engines")) == count)

        wait_for(are_there, f"{count} workers")
        database.close()

    def api(self) -> Client:
        session = self.start("trainyard", "api", TRAINYARD_PORT="0", **self.database)
        client = Client(listening_address(session))
        wait_for(lambda: client.answers("/readyz"), "the service to be ready")
        return client


class ClusterService(Client):
    """All of a cluster's processes, as one service that can be attacked like ``trainyard serve``."""

    def __init__(
        self,
        database_url: str,
        directory: Path,
        workers: int = 2,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start everything and wait until it is ready."""
        self._cluster = cluster = Cluster(database_url, directory, **settings)
        cluster.migrate()
        cluster.scheduler()
        self._workers = cluster.worker("--nworkers", str(workers))
        cluster.engine()
        super().__init__(cluster.api().address)

    def workers(self) -> list[int]:
        return self._workers.workers()

    def busiest_worker(self) -> int:
        return self._workers.busiest_worker()

    def processes(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for session in self._cluster.sessions:
            found |= session.processes()
        return found

    def kill(self) -> None:
        for session in self._cluster.sessions:
            session.kill()

    def stop(self) -> None:
        """End as Compose does: dependents first."""
        for session in reversed(self._cluster.sessions):
            session.stop(signal_number=signal.SIGTERM)
            assert session.process.returncode == 0, session.log


def make_certificates(directory: Path) -> None:
    """Run the commands that the documentation has for it."""
    found = re.search(
        r"^```sh certificates\n(.*?)^```$",
        (ROOT / "docs/operations.md").read_text(),
        flags=re.DOTALL | re.MULTILINE,
    )
    assert found
    directory.mkdir(exist_ok=True)
    made = subprocess.run(["bash", "-e", "-c", found[1]], cwd=directory, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr


def settings_of(directory: Path) -> dict[str, str]:
    """What the engine is told of the certificates in a directory."""
    return {
        f"TRAINYARD_SCHEDULER_{name.upper().removesuffix('_FILE')}_FILE": str(directory / file)
        for name, file in CERTIFICATES.items()
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
