"""The processes of a cluster, started by hand against a real PostgreSQL."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator

from engine import blas
from tests.end_to_end.conftest import ENDLESS_RUN
from tests.end_to_end.harness import Client, Session, listening_address, wait_for


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def started(*command: str, **environment: str) -> Iterator[Session]:
    """The command's session, which is stopped as a container is."""
    session = Session(*command, **environment)
    try:
        yield session
    finally:
        session.stop(signal_number=signal.SIGTERM)


def test_api_engine_scheduler_and_worker_train_on_postgresql(postgresql_url: str) -> None:
    scheduler = f"tcp://127.0.0.1:{free_port()}"
    database = {"TRAINYARD_DATABASE_URL": postgresql_url}
    migration = Session("trainyard", "migrate", **database)
    scheduling = (
        "dask",
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        scheduler.rpartition(":")[2],
        "--no-dashboard",
    )
    working = (
        "dask",
        "worker",
        scheduler,
        "--nthreads",
        "1",
        "--no-dashboard",
        "--preload-nanny",
        "service.execution.nanny",
        "--preload",
        "service.execution.preload",
    )
    with (
        started(*scheduling),
        started(*working, **database) as worker,
        started("trainyard", "engine", TRAINYARD_SCHEDULER=scheduler, **database),
        started("trainyard", "api", TRAINYARD_PORT="0", **database) as api,
    ):
        migration.wait()
        assert migration.process.returncode == 0
        client = Client(listening_address(api))
        wait_for(lambda: client.answers("/readyz"), "the service to be ready")
        ended = client.wait_for_end(client.submit(dataset="digits", max_epochs=20, seed=1))
        assert (ended["status"], ended["attempt"]) == ("succeeded", 1)
        assert blas.environment().items() <= worker.worker_environment().items()

        id_ = client.submit(**ENDLESS_RUN)
        client.wait_for_epoch(id_)
        for pid in worker.workers():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: client.experiment(id_)["attempt"] == 2, "the worker's successor")
        client.cancel(id_)
        ended = client.wait_for_end(id_)
        assert ended["status"] == "cancelled"
        epochs = client.get(f"/v1/experiments/{id_}/metrics")["epoch"]
        assert epochs == list(range(1, ended["progress"]["epoch"] + 1))
