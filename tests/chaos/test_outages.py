"""The database goes away, hangs, is locked, or has no room left: training waits, and users are told."""

import contextlib
import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.execution.supervisor import SILENT_SECONDS
from tests.chaos.conftest import Deployment
from tests.chaos.outages import may_mount, queried
from tests.chaos.undisturbed import RUN, check
from tests.end_to_end.harness import Client, Refused, Service, wait_for
from tests.postgresql import PostgresqlServer

# It is still far from its end when the outage comes.
LONGER_RUN = RUN | {"max_epochs": 1000}
AWAY_SECONDS = SILENT_SECONDS + 10
FIVE_MINUTES = pytest.param(300.0, marks=pytest.mark.slow)
QUICK = {"dataset": "iris", "architecture": [2], "max_epochs": 1}


def refusal(ask: Callable[[], object]) -> tuple[int, Any, Any]:
    """The status, the document and the headers of the problem that is the answer."""
    with pytest.raises(Refused) as refused:
        ask()
    status, document, headers = refused.value.args
    assert headers["content-type"] == "application/problem+json"
    assert int(headers["retry-after"]) > 0
    return status, json.loads(document), headers


def refuses(client: Client) -> bool:
    try:
        client.get("/v1/experiments")
    except Refused:
        return True
    return False


@pytest.mark.parametrize("way", ["stopped", "frozen"])
@pytest.mark.parametrize("kind", ["embedded", "cluster"])
@pytest.mark.parametrize("seconds", [AWAY_SECONDS, FIVE_MINUTES])
def test_a_database_that_is_away_for_longer_than_anybody_may_be_silent(
    private_postgresql: PostgresqlServer, tmp_path: Path, way: str, kind: str, seconds: float
) -> None:
    service = Deployment.of(kind, private_postgresql.url(), tmp_path).start()
    id_ = service.submit(**LONGER_RUN)
    service.wait_for_epoch(id_)
    before = service.processes()
    began = time.monotonic()
    away, back = {
        "stopped": (private_postgresql.stop, private_postgresql.start),
        "frozen": (private_postgresql.freeze, private_postgresql.thaw),
    }[way]
    away()
    try:
        for ask in (lambda: service.get("/v1/experiments"), lambda: service.submit(**QUICK)):
            status, document, _ = refusal(ask)
            assert status == 503
            assert "database is unavailable" in document["detail"]
        assert service.answers("/livez")
        wait_for(lambda: time.monotonic() - began >= seconds, "the outage to be over", seconds + 60)
    finally:
        back()
    wait_for(lambda: not refuses(service), "answers")
    assert before.keys() <= service.processes().keys()
    check(service, id_, attempt=1)
    check(service, service.submit(**QUICK))
    service.stop()


def test_a_database_file_that_somebody_else_keeps_locked(tmp_path: Path) -> None:
    service = Service(tmp_path)
    id_ = service.submit(**LONGER_RUN)
    service.wait_for_epoch(id_)
    with contextlib.closing(sqlite3.connect(tmp_path / "trainyard.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, document, _ = refusal(lambda: service.submit(**QUICK))
        assert status == 503
        assert "database is unavailable" in document["detail"]
        assert service.experiment(id_)["status"] == "running"
        other.execute("ROLLBACK")
    check(service, id_, attempt=1)
    service.stop()


@contextlib.contextmanager
def filled(directory: Path) -> Iterator[None]:
    """A file as large as the disk allows lies in the directory."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


def says_why(service: Service) -> bool:
    said = ("unavailable; retrying", "disk is full")
    return any(all(words in line for words in said) for line in service.lines)


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")
def test_a_full_disk(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=24m tmpfs "$TRAINYARD_DATA_DIR" && exec "$0" "$@"'
    service = Service(tmp_path, within=("/usr/bin/unshare", "--mount", "sh", "-c", mount))
    # The mount is the service's own; others see it by way of its process.
    disk = Path(f"/proc/{service.process.pid}/root") / tmp_path.relative_to("/")
    id_ = service.submit(**LONGER_RUN)
    service.wait_for_epoch(id_)
    stored = 0
    with filled(disk):
        # Until what SQLite had set aside for its log is used up.
        for number in itertools.count():
            large = {f"{key}": "x" * 500 for key in range(16)}
            try:
                service.submit(**QUICK, metadata=large)
            except Refused:
                stored = number
                break
        status, document, _ = refusal(lambda: service.submit(**QUICK, metadata=large))
        assert status == 507
        assert "database's disk is full" in document["detail"]
        wait_for(lambda: says_why(service), "the engine to say why it waits")
        assert service.experiment(id_)["status"] == "running"
        assert queried(service, "PRAGMA integrity_check") == "ok"
        assert queried(service, "SELECT count(*) FROM experiments") == str(stored + 1)
    check(service, id_, attempt=1)
    service.stop()
