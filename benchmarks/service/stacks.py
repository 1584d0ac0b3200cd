"""What it is worth that waiting experiments of one shape are trained as one stack."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.service.figures import Figure
from benchmarks.service.watching import watching
from scripts.fresh_service import FreshService, fresh_service
from service.access.caller import LOCAL_OWNER
from service.experiments import service as experiments
from service.experiments.models import ExperimentRow
from service.storage.database import Database, migrate, utc_now

__all__ = ["measure"]

WORKERS, MANY, SWEEP = 2, 200, 32
POLL_SECONDS = 0.5
TINY = {"dataset": "digits", "architecture": [16], "penalty": "l2", "max_epochs": 1000}
SKLEARN_SECONDS = 10.6
SWEPT = {
    "dataset": "digits",
    "architecture": [64, 32],
    "activation": "relu",
    "optimizer": {"name": "adam"},
    "batch_size": 32,
    "penalty": "l2",
    "max_epochs": 50,
}


def measure() -> Iterator[Figure]:
    """The experiments of a queue with and without stacks, then a sweep as a client posts it."""
    yield queue()
    with fresh_service(WORKERS) as service:
        sweep(service)  # so that the workers have trained before
        yield Figure(
            f"sweep of {SWEEP} fits of digits [64, 32], 50 epochs",
            sweep(service),
            "s",
            SKLEARN_SECONDS,
            note="posted over HTTP one by one, from the first POST to the last end; the target is what scikit-learn "
            "takes with joblib on two processes",
        )


def documents(base: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """So many experiments of one shape."""
    return [{**base, "seed": number, "lambda": 10 ** (-4 + number % 20 / 10)} for number in range(count)]


def queue() -> Figure:
    """How many times faster a queue of tiny experiments gets done in stacks."""
    posted = documents(TINY, MANY)
    alone = trained(posted[:1], stacked=False)
    together = trained(posted, stacked=True)
    apart = trained(posted, stacked=False)
    note = (
        f"{together:.1f} s instead of {apart:.1f} s on {WORKERS} workers; one by itself takes {alone:.1f} s"
    )
    return Figure(
        f"{MANY} tiny experiments of one shape, times faster as stacks",
        apart / together,
        "×",
        1.5,
        at_least=True,
        note=note,
    )


def trained(posted: Sequence[dict[str, Any]], *, stacked: bool) -> float:
    """Seconds from the first start to the last end of experiments that all waited when the engine came."""
    with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
        url = f"sqlite:///{folder}/trainyard.sqlite3"
        migrate(url)
        with closing(Database(url)) as database:
            submit(database, posted, stacked=stacked)
            with fresh_service(WORKERS, Path(folder)):
                wait_for_all(database)
            return seconds_of_all(database)


def submit(database: Database, posted: Sequence[dict[str, Any]], *, stacked: bool) -> None:
    """Queue them as the API would; what has no cohort trains alone."""
    with database.transaction() as session:
        for document in posted:
            experiments.submit(session, LOCAL_OWNER, document)
        if not stacked:
            session.execute(sa.update(ExperimentRow).values(cohort=None))


def wait_for_all(database: Database) -> None:
    """Return once every experiment has ended."""
    going_on = sa.select(sa.func.count()).where(ExperimentRow.finished_at.is_(None))
    while True:
        with database.reading() as session:
            if not session.execute(going_on).scalar_one():
                return
        time.sleep(POLL_SECONDS)


def seconds_of_all(database: Database) -> float:
    """From the first start to the last end; every experiment must have succeeded."""
    columns = (ExperimentRow.status, ExperimentRow.started_at, ExperimentRow.finished_at)
    with database.reading() as session:
        rows = session.execute(sa.select(*columns)).all()
    assert {row.status for row in rows} == {"succeeded"}, rows
    first, last = min(row.started_at for row in rows), max(row.finished_at for row in rows)
    return float((last - first).total_seconds())


def sweep(service: FreshService) -> float:
    """Seconds from the first POST to the last end."""
    with watching(service) as watch:
        begun = utc_now()
        ids = [watch.post("/v1/experiments", document)["id"] for document in documents(SWEPT, SWEEP)]
    ends = [datetime.fromisoformat(done["finished_at"]) for done in service.wait_for(ids)]
    return (max(ends) - begun).total_seconds()
