"""The processes of a cluster, each started by hand as on a host of its own."""

import socket
from pathlib import Path

import sqlalchemy as sa

from service.database import Database
from tests.end_to_end.harness import Client, Session, listening_address, wait_for

PRELOADS = ("--preload-nanny", "service.execution.nanny", "--preload", "service.execution.preload")

# As docker-compose.yml has it, and docs/operations.md.
SCHEDULING = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "None",
}


class Cluster:
    """A scheduler's address and a database; every process is started when the test says so."""

    def __init__(self, database_url: str, directory: Path, scheme: str = "tcp") -> None:
        self.address = f"{scheme}://127.0.0.1:{free_port()}"
        self.database = {"TRAINYARD_DATABASE_URL": database_url}
        self.directory = directory
        self.certificates: tuple[str, ...] = ()
        self.settings: dict[str, str] = {}

    def migrate(self) -> None:
        migration = Session("trainyard", "migrate", TRAINYARD_DATA_DIR=str(self.directory), **self.database)
        migration.wait()
        assert migration.process.returncode == 0, migration.log

    def scheduler(self) -> Session:
        scheme, _, port = self.address.split(":")
        listening = ("--host", f"{scheme}://127.0.0.1:{port}", "--no-dashboard")
        session = Session("dask", "scheduler", *listening, *self.certificates, **SCHEDULING)
        wait_for(lambda: listens(int(port)), "the scheduler to listen")
        return session

    def worker(self, *options: str) -> Session:
        place = ("--local-directory", str(self.directory), "--no-dashboard", "--nthreads", "1")
        return Session(
            *("dask", "worker", self.address, *place, *PRELOADS, *self.certificates, *options),
            **self.database,
        )

    def engine(self) -> Session:
        scheduler = {"TRAINYARD_SCHEDULER": self.address}
        if self.address.startswith("tcp://"):
            scheduler["TRAINYARD_SCHEDULER_INSECURE"] = "true"
        return Session("trainyard", "engine", **scheduler, **self.database, **self.settings)

    def wait_for_slots(self, count: int) -> None:
        """Wait until the engine that dispatches knows of so many workers."""
        database = Database(self.database["TRAINYARD_DATABASE_URL"])

        def are_there() -> bool:
            with database.reading() as session:
                return bool(session.scalar(sa.text("SELECT max(slots) FROM engines")) == count)

        wait_for(are_there, f"{count} workers")
        database.close()

    def api(self) -> Client:
        session = Session("trainyard", "api", TRAINYARD_PORT="0", **self.database)
        client = Client(listening_address(session))
        wait_for(lambda: client.answers("/readyz"), "the service to be ready")
        return client


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
