"""A cluster as docs/operations.md sets it up: with certificates, and two of what should not be one alone."""

import re
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.database import Database
from tests.architecture.source_tree import ROOT
from tests.chaos.undisturbed import RUN, check
from tests.end_to_end.cluster import Cluster
from tests.end_to_end.harness import Session, wait_for


def make_certificates(directory: Path) -> None:
    """Run the commands that the documentation has for it."""
    found = re.search(
        r"^```sh certificates\n(.*?)^```$",
        (ROOT / "docs/operations.md").read_text(),
        flags=re.DOTALL | re.MULTILINE,
    )
    assert found
    made = subprocess.run(["bash", "-e", "-c", found[1]], cwd=directory, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr


@pytest.fixture
def guarded(postgresql_url: str, tmp_path: Path) -> Cluster:
    """A cluster whose processes show each other certificates."""
    make_certificates(tmp_path)
    cluster = Cluster(postgresql_url, tmp_path, "tls")
    files = {name: str(tmp_path / file) for name, file in FILES.items()}
    cluster.certificates = tuple(
        word for name, file in files.items() for word in (f"--tls-{name.replace('_', '-')}", file)
    )
    cluster.settings = {
        f"TRAINYARD_SCHEDULER_{name.upper().removesuffix('_FILE')}_FILE": file for name, file in files.items()
    }
    cluster.migrate()
    return cluster


FILES = {"ca_file": "ca.pem", "cert": "cluster.pem", "key": "cluster.key"}


def is_refused(port: int, context: ssl.SSLContext) -> bool:
    """Whether the scheduler hangs up on this client instead of greeting it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        try:
            with context.wrap_socket(plain) as connection:
                return not connection.recv(1)
        except (ssl.SSLError, ConnectionError):
            return True


def test_only_who_shows_a_certificate_may_train(guarded: Cluster, tmp_path: Path) -> None:
    guarded.scheduler()
    guarded.worker()
    guarded.engine()
    client = guarded.api()
    check(client, client.submit(**RUN), attempt=1)

    port = int(guarded.address.rpartition(":")[2])
    ours = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    ours.check_hostname = False
    assert is_refused(port, ours)
    ours.load_cert_chain(tmp_path / "cluster.pem", tmp_path / "cluster.key")
    assert not is_refused(port, ours)
    strangers = tmp_path / "strangers"
    strangers.mkdir()
    make_certificates(strangers)
    guarded.settings = {
        name: file.replace(str(tmp_path), str(strangers)) for name, file in guarded.settings.items()
    }
    stranger = guarded.engine()
    wait_for(lambda: "no answer; trying until there is one" in stranger.log, "the stranger to be refused")
    assert "the Dask scheduler" in stranger.log


def test_two_apis_and_two_engines_are_one_service(postgresql_url: str, tmp_path: Path) -> None:
    cluster = Cluster(postgresql_url, tmp_path)
    cluster.migrate()
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
