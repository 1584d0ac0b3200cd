"""The processes of a cluster, started by hand against a real PostgreSQL."""

import os
import signal
from pathlib import Path

from engine import blas
from tests.end_to_end.cluster import Cluster
from tests.end_to_end.conftest import ENDLESS_RUN
from tests.end_to_end.harness import Session, wait_for


def test_api_engine_scheduler_and_worker_train_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    cluster = Cluster(postgresql_url, tmp_path)
    cluster.migrate()
    before = list(Session.living)
    cluster.scheduler()
    worker = cluster.worker()
    cluster.engine()
    client = cluster.api()
    ended = client.wait_for_end(client.submit(dataset="digits", max_epochs=20, seed=1))
    assert (ended["status"], ended["attempt"]) == ("succeeded", 1)
    assert blas.environment().items() <= worker.worker_environment().items()
    assert "MALLOC_TRIM_THRESHOLD_" not in worker.worker_environment()

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
    # As Compose ends them: dependents first.
    for session in [session for session in reversed(Session.living) if session not in before]:
        session.stop(signal_number=signal.SIGTERM)
        assert session.process.returncode == 0, session.log
