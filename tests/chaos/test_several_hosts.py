"""A cluster as docs/operations.md sets it up: with certificates, and two of what should not be one alone."""

import socket
import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.storage.database import Database
from tests.chaos.undisturbed import RUN, check
from tests.end_to_end.cluster import Cluster, make_certificates, settings_of
from tests.end_to_end.harness import Session, wait_for


@pytest.fixture
def cluster(postgresql_url: str, tmp_path: Path) -> Cluster:
    cluster = Cluster(postgresql_url, tmp_path)
    cluster.migrate()
    return cluster


def is_refused(port: int, context: ssl.SSLContext) -> bool:
    """Whether the scheduler hangs up on this client instead of greeting it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        try:
            with context.wrap_socket(plain) as connection:
                return not connection.recv(1)
        except (ssl.SSLError, ConnectionError):
            return True


def test_only_who_shows_a_certificate_may_train(cluster: Cluster, tmp_path: Path) -> None:
    cluster.scheduler()
    cluster.worker()
    cluster.engine()
    client = cluster.api()
    check(client, client.submit(**RUN), attempt=1)

    port = int(cluster.address.rpartition(":")[2])
    ours = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    ours.check_hostname = False
    assert is_refused(port, ours)
    ours.load_cert_chain(tmp_path / "cluster.pem", tmp_path / "cluster.key")
    assert not is_refused(port, ours)
    strangers = tmp_path / "strangers"
    make_certificates(strangers)
    cluster.settings = settings_of(strangers)
    stranger = cluster.engine()
    wait_for(lambda: "unavailable; retrying" in stranger.log, "the stranger to be refused")
    assert "the Dask scheduler" in stranger.log


def test_two_apis_and_two_engines_are_one_service(cluster: Cluster, postgresql_url: str) -> None:
    cluster.scheduler()
    cluster.worker()
    first = cluster.engine()
    one = cluster.api()
    cluster.wait_for_slots(1)
    before = holder(postgresql_url)
    # The other one can only wait.
    second = cluster.engine()
    other = cluster.api()

    running = one.submit(**RUN)
    other.wait_for_epoch(running)
    first.kill()
    waiting = [(one, other)[turn % 2].submit(**RUN | {"seed": turn, "max_epochs": 20}) for turn in range(4)]
    check(other, running, attempt=1)
    check(one, *waiting, attempt=1)
    assert holder(postgresql_url) not in {before, None}
    for id_ in [running, *waiting]:
        assert one.experiment(id_) == other.experiment(id_)
    assert one.get("/v1/experiments") == other.get("/v1/experiments")
    stop(second)
    assert holder(postgresql_url) is None


def holder(url: str) -> str | None:
    """The engine that dispatches."""
    database = Database(url)
    with database.reading() as session:
        found: str | None = session.scalar(sa.text("SELECT holder FROM roles WHERE name = 'dispatcher'"))
    database.close()
    return found


def stop(session: Session) -> None:
    session.stop()
    assert session.process.returncode == 0, session.log
