"""Tables of experiments: the row that is the source of truth, and the curve."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.revision import ENGINE_REVISION, FIRST_REVISION
from service.storage.database import Base

__all__ = ["STATES_IN_ROWS", "EpochRow", "ExperimentMetadataRow", "ExperimentRow", "ResumeStateRow"]

STATES_IN_ROWS = text("blob_id IS NULL AND (position > 0 OR length(content) > 65536)")
"""Rows of the large states that an older version stored."""


_DISPATCHED = text("dispatch_id IS NOT NULL")
_NOT_FINISHED = text("finished_at IS NULL")
_RIDING = text("status = 'queued' AND losses = 0")


class ExperimentRow(Base):
    """One experiment: what was asked for, where it is in its life, who works on it, and what came out.

    ``spec`` is the resolved document as it is echoed, the seed drawn. The API writes the row once and flags
    it (``cancel_requested``); the engine writes the rest, each time under the condition that ``attempt`` and
    ``status`` are still those it knows.
    """

    __tablename__ = "experiments"
    __table_args__ = (
        # One for every set of filters of an owner's list, so that a page is one range of the index.
        Index(None, "owner", "created_at", "id"),
        Index(None, "owner", "status", "created_at", "id"),
        Index(None, "owner", "dataset", "created_at", "id"),
        Index(None, "owner", "penalty", "created_at", "id"),
        Index(None, "owner", "status", "dataset", "created_at", "id"),
        Index(None, "owner", "status", "penalty", "created_at", "id"),
        Index(None, "owner", "dataset", "penalty", "created_at", "id"),
        Index(None, "owner", "status", "dataset", "penalty", "created_at", "id"),
        # Few rows are dispatched at a time, however many there are.
        Index(None, "dispatch_id", sqlite_where=_DISPATCHED, postgresql_where=_DISPATCHED),
        # The queue, owner by owner: of all that wait, and of those that a stack of their cohort may take along.
        # SQLite, which has no statistics of the table, takes the first of them because it begins with the status.
        # PostgreSQL leaves a condition aside that the index's own implies, so that this one is about something else.
        Index(
            "ix_experiments_queue",
            "status",
            "owner",
            "priority",
            "created_at",
            "id",
            sqlite_where=_NOT_FINISHED,
            postgresql_where=_NOT_FINISHED,
        ),
        Index(
            "ix_experiments_queue_of_cohort",
            "cohort",
            "owner",
            "priority",
            "created_at",
            "id",
            sqlite_where=_RIDING,
            postgresql_where=_RIDING,
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    status: Mapped[str]
    stop_reason: Mapped[str | None]

    name: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    dataset: Mapped[str]
    dataset_version: Mapped[str]
    penalty: Mapped[str]
    spec: Mapped[dict[str, Any]]
    given_lambda: Mapped[dict[str, Any] | None]
    equivalents: Mapped[dict[str, Any] | None]
    """λ in the terms of other tools; None in rows of releases that did not store it."""

    rows_train: Mapped[int]
    rows_validation: Mapped[int]
    rows_test: Mapped[int]
    classes: Mapped[list[Any] | None]
    task: Mapped[str | None]
    parameters: Mapped[int]
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    max_epochs: Mapped[int]

    last_epoch: Mapped[int] = mapped_column(default=0)
    best_epoch: Mapped[int | None]
    argmin_epoch: Mapped[int | None]
    best: Mapped[dict[str, Any] | None]
    final: Mapped[dict[str, Any] | None]
    test: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]

    owner: Mapped[str] = mapped_column(default="local")
    reserved_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """Bytes charged to the owner: an upper bound of its checkpoints, and their size once it has ended."""

    priority: Mapped[int] = mapped_column(default=0)
    time_limit_seconds: Mapped[float | None]
    cohort: Mapped[str | None]
    """Experiments of one cohort can be trained as one stack; None trains alone."""

    request_id: Mapped[str | None]
    """Id of the request that created it, as logged by the API and the workers."""

    dispatch_id: Mapped[str | None]
    engine_revision: Mapped[int] = mapped_column(
        default=ENGINE_REVISION, server_default=text(str(FIRST_REVISION))
    )
    """Revision of the engine that trains it; every epoch, state and checkpoint is of this revision."""

    attempt: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    lease_counter: Mapped[int] = mapped_column(BigInteger, default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    pause_requested: Mapped[bool] = mapped_column(default=False)
    hand_back_requested: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """The dispatcher needs the worker for another owner: the run returns to the queue after this epoch."""

    last_event: Mapped[int] = mapped_column(BigInteger, default=0)
    """Sequence number of the experiment's newest event."""


class ExperimentMetadataRow(Base):
    """One pair of an experiment's metadata, for the filter ``metadata[key]=value``.

    ``owner`` and ``created_at`` are the experiment's, so that the index has the pairs in the order of an owner's list.
    """

    __tablename__ = "experiment_metadata"
    __table_args__ = (Index(None, "owner", "key", "value", "created_at", "experiment_id"),)

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    owner: Mapped[str] = mapped_column(default="local")
    created_at: Mapped[datetime]


class EpochRow(Base):
    """One epoch's metrics, all in one row; None if a metric is undefined or was not finite.

    ``non_finite`` names the metrics that were NaN or infinite. ``seconds`` is the time spent training since
    the first epoch began, over all attempts.
    """

    __tablename__ = "epochs"
    # Clustered by its key on SQLite: an experiment's curve is one stretch of the file.
    __table_args__ = ({"sqlite_with_rowid": False},)

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(primary_key=True)
    train_loss: Mapped[float | None]
    val_loss: Mapped[float | None]
    train_accuracy: Mapped[float | None]
    val_accuracy: Mapped[float | None]
    train_r2: Mapped[float | None]
    val_r2: Mapped[float | None]
    train_mae: Mapped[float | None]
    val_mae: Mapped[float | None]
    train_rmse: Mapped[float | None]
    val_rmse: Mapped[float | None]
    penalty: Mapped[float | None]
    objective: Mapped[float | None]
    weight_norm: Mapped[float | None]
    zero_fraction: Mapped[float | None]
    gradient_norm: Mapped[float | None]
    dead_units: Mapped[float | None]
    learning_rate: Mapped[float | None]
    seconds: Mapped[float | None]
    non_finite: Mapped[list[Any] | None]


class ResumeStateRow(Base):
    """A piece of the state from which training goes on after ``epoch``; all pieces are replaced at once."""

    __tablename__ = "resume_states"
    __table_args__ = (
        Index(
            "ix_resume_states_in_rows",
            "experiment_id",
            "position",
            sqlite_where=STATES_IN_ROWS,
            postgresql_where=STATES_IN_ROWS,
        ),
    )

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    sha256: Mapped[str | None]
    """Hash of all pieces together; None if an older version wrote them, or if they are in a blob."""

    blob_id: Mapped[str | None] = mapped_column(index=True)
    """The blob with the state, if large; ``content`` is empty then."""

    content: Mapped[bytes] = mapped_column(LargeBinary)
