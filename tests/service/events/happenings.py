"""What the engine writes down of a run, without training anything."""

from typing import Any

import sqlalchemy as sa

from service.access.caller import LOCAL_OWNER
from service.experiments.history.repository import record, record_status
from service.experiments.models import EpochRow, ExperimentRow
from service.experiments.service import submit
from service.storage.database import Database, utc_now
from tests.service import rows


def create(database: Database, **document: Any) -> str:
    """A new experiment; its first event is that it is queued."""
    with database.transaction() as session:
        identifier: str = submit(session, LOCAL_OWNER, {"dataset": "iris", **document}).row.id
    return identifier


def begin(database: Database, identifier: str) -> None:
    """Have it run: one event."""
    with database.transaction() as session:
        change = sa.update(ExperimentRow).where(ExperimentRow.id == identifier)
        session.execute(change.values(status="running", attempt=1, dispatch_id="d1", started_at=utc_now()))
        record_status(session, identifier, "running")


def flush(database: Database, identifier: str, first: int, last: int) -> None:
    """Store a stretch of epochs: one event each."""
    stored = [
        {"experiment_id": identifier, "epoch": epoch, **rows.epoch_metrics(epoch), "seconds": epoch / 2}
        for epoch in range(first, last + 1)
    ]
    with database.transaction() as session:
        session.execute(sa.insert(EpochRow), stored)
        change = sa.update(ExperimentRow).where(ExperimentRow.id == identifier)
        session.execute(change.values(last_epoch=last))
        record(session, identifier, "experiment.epoch", {"from_epoch": first}, count=last - first + 1)


def keep_checkpoint(database: Database, identifier: str, epoch: int) -> None:
    """Store better weights: one event."""
    data = {"kind": "best", "epoch": epoch, "sha256": "a1", "metrics": rows.epoch_metrics(epoch)}
    with database.transaction() as session:
        record(session, identifier, "experiment.checkpoint", data)


def finish(database: Database, identifier: str, status: str = "succeeded") -> None:
    """End the run: the last event."""
    ending = {
        "status": status,
        "stop_reason": "max_epochs",
        "finished_at": rows.FINISHED,
        "best_epoch": 3,
        "argmin_epoch": 3,
        "test": {"loss": 0.5, "accuracy": 0.875},
        "dispatch_id": None,
    }
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).where(ExperimentRow.id == identifier).values(ending))
        record_status(session, identifier, status, "max_epochs")


def whole_run(database: Database, **document: Any) -> str:
    """A run that has ended, of eleven events: queued, running, three epochs, a checkpoint, four epochs, the end."""
    identifier = create(database, **document)
    begin(database, identifier)
    flush(database, identifier, 1, 3)
    keep_checkpoint(database, identifier, 3)
    flush(database, identifier, 4, 6)
    flush(database, identifier, 7, 7)
    finish(database, identifier)
    return identifier
