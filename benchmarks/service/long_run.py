"""What a very long curve costs the API process: to read whole, to thin out, and to follow from its beginning."""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.service.crowd import DOCUMENT
from benchmarks.service.figures import Figure
from benchmarks.service.processes import peak_bytes, reset_peak, resident_bytes
from scripts.fresh_service import FreshService, fresh_service
from service.access.caller import LOCAL_OWNER
from service.experiments import service as experiments
from service.experiments.curve.metrics import metric_names
from service.experiments.history.repository import record, record_status
from service.experiments.models import EpochRow, ExperimentRow
from service.storage.database import Database, migrate

__all__ = ["measure"]

EPOCHS, FLUSHED_TOGETHER, MOST_POINTS = 100_000, 250, 500
LIMIT_MB, MB = 100, 1e6
PIECE_BYTES = 2**16

READS = {
    "whole curve": ("/metrics", "application/json"),
    "whole curve as CSV": ("/metrics", "text/csv"),
    f"curve of {MOST_POINTS} points": (f"/metrics?max_points={MOST_POINTS}", "application/json"),
    "stream of its events": ("/events", "text/event-stream"),
}


def measure() -> Iterator[Figure]:
    """One figure per way of reading it: what the API process has occupied on top, at the most."""
    with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
        identifier = made(f"sqlite:///{folder}/trainyard.sqlite3")
        with fresh_service(1, Path(folder)) as service:
            for what, (path, form) in READS.items():
                yield cost(service, what, f"/v1/experiments/{identifier}{path}", form)


def made(url: str) -> str:
    """The id of a run of so many epochs, in a database with nothing else in it."""
    migrate(url)
    with closing(Database(url)) as database, database.transaction() as session:
        identifier: str = experiments.submit(session, LOCAL_OWNER, DOCUMENT).row.id
        session.execute(sa.insert(EpochRow), [epoch(identifier, number) for number in range(1, EPOCHS + 1)])
        for first in range(1, EPOCHS + 1, FLUSHED_TOGETHER):
            record(session, identifier, "experiment.epoch", {"from_epoch": first}, count=FLUSHED_TOGETHER)
        record_status(session, identifier, "succeeded", "max_epochs")
        session.execute(sa.update(ExperimentRow).values(status="succeeded", last_epoch=EPOCHS))
    return identifier


def epoch(identifier: str, number: int) -> dict[str, Any]:
    """Metrics with as many digits as real ones have."""
    metrics = dict.fromkeys(metric_names(regression=False), 1 / (number + 2))
    return {"experiment_id": identifier, "epoch": number, **metrics}


def cost(service: FreshService, what: str, path: str, form: str) -> Figure:
    """Time and memory of one read."""
    before = resident_bytes(service.session_id)
    reset_peak(service.session_id)
    begun = time.perf_counter()
    size = read(service, path, form)
    seconds = time.perf_counter() - begun
    grown = max(0, peak_bytes(service.session_id) - before) / MB
    return Figure(
        f"memory for the {what}, {EPOCHS:,} epochs",
        grown,
        "MB",
        LIMIT_MB,
        note=f"{size / MB:.1f} MB in {seconds:.2f} s",
    )


def read(service: FreshService, path: str, form: str) -> int:
    """How many bytes come, read to the end."""
    connection = http.client.HTTPConnection(service.host, service.port, timeout=300)
    with closing(connection):
        connection.request("GET", path, headers={"Accept": form})
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.read()
        return sum(map(len, iter(lambda: answer.read(PIECE_BYTES), b"")))
