"""Reports of workers about their host: counts of all its workers add up, and sizes are as they are."""

import contextlib
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from service.execution.worker.dispatches import WorkerProcess
from service.execution.worker.reporting import Reporter
from service.health.models import WorkerHostRow
from service.storage.database import Database, migrate, utc_now
from tests.service.execution.conftest import Submit
from tests.service.execution.steps import claim


@contextlib.contextmanager
def working(database: Database, cache: Path) -> Iterator[WorkerProcess]:
    url = database.url.render_as_string(hide_password=False)
    with contextlib.closing(WorkerProcess(url, cache, 0)) as process:
        yield process


def hosts(database: Database) -> list[WorkerHostRow]:
    with database.reading() as session:
        return list(session.scalars(sa.select(WorkerHostRow)))


def test_flushes_of_all_workers_add_up(database: Database, submit_experiment: Submit, tmp_path: Path) -> None:
    submit_experiment()
    cache = tmp_path / "cache"
    (cache / "version").mkdir(parents=True)
    (cache / "version" / "x.npy").write_bytes(bytes(100))
    with working(database, cache) as process:
        process.train(*claim(database))
        process.reporter.report()
        (first,) = hosts(database)
        assert (first.hostname, first.cache_bytes) == (socket.gethostname(), 100)
        # The first epoch, and the end.
        assert (first.flushes, first.flush_seconds > 0) == (2, True)
        process.reporter.report()
        assert hosts(database)[0].flush_seconds == first.flush_seconds
    submit_experiment()
    with working(database, cache) as successor:
        successor.train(*claim(database))
        successor.reporter.report()
    (second,) = hosts(database)
    assert (second.flushes, second.flush_seconds > first.flush_seconds) == (4, True)


def test_what_could_not_be_reported_is_reported_later(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    with contextlib.closing(Database(url)) as database:
        reporter = Reporter(database, tmp_path / "nothing")
        reporter.flushed(0.5)
        with pytest.raises(DBAPIError):
            reporter.report()
        migrate(url)
        reporter.flushed(0.25)
        reporter.report()
        (row,) = hosts(database)
    assert (row.flushes, row.flush_seconds, row.cache_bytes) == (2, 0.75, 0)


def test_a_host_that_says_nothing_for_a_day_is_forgotten(database: Database, tmp_path: Path) -> None:
    reporter = Reporter(database, tmp_path)
    for name, hours in (("gone", 25), ("quiet", 23)):
        reporter.report()
        with database.transaction() as session:
            values = {"hostname": name, "reported_at": utc_now() - timedelta(hours=hours)}
            session.execute(
                sa.update(WorkerHostRow).where(WorkerHostRow.hostname == socket.gethostname()).values(values)
            )
    reporter.report()
    assert {row.hostname for row in hosts(database)} == {"quiet", socket.gethostname()}
