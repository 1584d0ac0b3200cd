"""Rows as the engine leaves them, without training anything."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.experiments.identifiers import new_identifier
from service.experiments.models import EpochRow, ExperimentRow
from service.storage.database import Database

STARTED = datetime(2026, 11, 22, 16, 5, 3, 250000, tzinfo=UTC)
FINISHED = datetime(2026, 11, 22, 16, 5, 9, tzinfo=UTC)


def change(database: Database, identifier: str, **values: Any) -> None:
    """Change columns of an experiment."""
    with database.transaction() as session:
        statement = sa.update(ExperimentRow).where(ExperimentRow.id == identifier)
        session.execute(statement.values(values))


def put_ahead(database: Database, identifier: str, count: int) -> None:
    """Copy an experiment so many times, the copies made before it, a second apart."""
    table: Any = ExperimentRow.__table__
    with database.transaction() as session:
        row = session.execute(sa.select(table).where(table.c.id == identifier)).one()._asdict()
        moments = [row["created_at"] - timedelta(seconds=number) for number in range(1, count + 1)]
        copies = [{**row, "id": new_identifier(moment), "created_at": moment} for moment in moments]
        session.execute(sa.insert(table), copies)


def epoch_metrics(epoch: int) -> dict[str, Any]:
    """Made-up metrics of a classification, different in every epoch and best in the third."""
    return {
        "train_loss": 1 / epoch,
        "val_loss": 0.5 + abs(epoch - 3) / 10,
        "train_accuracy": 1 - 1 / (2 * epoch),
        "val_accuracy": 0.9 - abs(epoch - 3) / 20,
        "train_r2": None,
        "val_r2": None,
        "train_mae": None,
        "val_mae": None,
        "train_rmse": None,
        "val_rmse": None,
        "penalty": 0.125,
        "objective": 1 / epoch + 0.125,
        "weight_norm": 3.5,
        "zero_fraction": 0.0,
        "gradient_norm": 0.25,
        "dead_units": 0.0,
        "learning_rate": 0.1,
    }


def shown_metrics(epoch: int) -> dict[str, Any]:
    """What a document shows of them: the metrics of a classification."""
    return {name: value for name, value in epoch_metrics(epoch).items() if value is not None}


def add_epochs(database: Database, identifier: str, count: int) -> None:
    """Store the curve of a run of so many epochs that still goes on."""
    rows = [
        {"experiment_id": identifier, "epoch": epoch, **epoch_metrics(epoch), "seconds": epoch * 0.5}
        for epoch in range(1, count + 1)
    ]
    with database.transaction() as session:
        session.execute(sa.insert(EpochRow), rows)
    best = min(count, 3)
    change(
        database,
        identifier,
        status="running",
        started_at=STARTED,
        attempt=1,
        last_epoch=count,
        best_epoch=best,
        best=epoch_metrics(best),
        final=epoch_metrics(count),
        dispatch_id="a dispatch",
    )


def change_epoch(database: Database, identifier: str, epoch: int, **values: Any) -> None:
    """Change the metrics of one epoch."""
    own = (EpochRow.experiment_id == identifier, EpochRow.epoch == epoch)
    with database.transaction() as session:
        session.execute(sa.update(EpochRow).where(*own).values(values))


def finish(database: Database, identifier: str, **values: Any) -> None:
    """End a run as a success, apart from the values given."""
    ending = {
        "status": "succeeded",
        "stop_reason": "max_epochs",
        "finished_at": FINISHED,
        "argmin_epoch": 3,
        "test": {"loss": 0.5, "accuracy": 0.875},
        "dispatch_id": None,
    }
    change(database, identifier, **{**ending, **values})


def add_checkpoint(
    database: Database,
    identifier: str,
    content: bytes,
    *,
    kind: str = "best",
    piece: int = 1000,
    sha256: str | None = None,
) -> None:
    """Store a checkpoint in pieces of so many bytes, in place of the one there is."""
    key = {"experiment_id": identifier, "kind": kind}
    with database.transaction() as session:
        session.execute(sa.delete(CheckpointChunkRow).filter_by(**key))
        session.execute(sa.delete(CheckpointRow).filter_by(**key))
        session.execute(
            sa.insert(CheckpointRow).values(
                **key,
                epoch=3,
                metrics=epoch_metrics(3),
                sha256=sha256 or hashlib.sha256(content).hexdigest(),
                bytes=len(content),
                created_at=FINISHED,
            )
        )
        pieces = [content[start : start + piece] for start in range(0, len(content), piece)]
        rows = [{**key, "position": position, "content": each} for position, each in enumerate(pieces)]
        if rows:
            session.execute(sa.insert(CheckpointChunkRow), rows)
