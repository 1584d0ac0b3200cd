"""Rows that refer to large contents, and those that hold the contents of older versions."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs.models import BlobRow
from service.blobs.repository import let_go
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.experiments.models import ResumeStateRow

__all__ = [
    "are_chunks_used",
    "drop_chunk",
    "drop_state_row",
    "is_blob_used",
    "is_state_used",
    "let_go_of_experiment",
]

_CHECKPOINTS: Any = CheckpointRow.__table__
_CHUNKS: Any = CheckpointChunkRow.__table__
_STATES: Any = ResumeStateRow.__table__
_BLOBS: Any = BlobRow.__table__
_REFERRING = (_CHECKPOINTS, _STATES)


def are_chunks_used(session: Session, checkpoint: str) -> bool:
    """Whether a checkpoint (experiment/kind) is read from its chunks; this cannot change in this transaction."""
    experiment_id, _, kind = checkpoint.partition("/")
    which = (_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == kind)
    row = session.execute(sa.select(_CHECKPOINTS.c.blob_id).where(*which).with_for_update()).first()
    return row is not None and row.blob_id is None


def drop_chunk(session: Session, checkpoint: str) -> int:
    """Remove the last chunk of a checkpoint; returns how many that were."""
    experiment_id, _, kind = checkpoint.partition("/")
    of_checkpoint = (_CHUNKS.c.experiment_id == experiment_id, _CHUNKS.c.kind == kind)
    last = sa.select(sa.func.max(_CHUNKS.c.position)).where(*of_checkpoint).scalar_subquery()
    removed = sa.delete(_CHUNKS).where(*of_checkpoint, _CHUNKS.c.position == last)
    return cast("sa.CursorResult[Any]", session.execute(removed)).rowcount


def is_state_used(session: Session, experiment_id: str) -> bool:
    """Whether a state is read from all of its rows; this cannot change in this transaction."""
    first = (_STATES.c.experiment_id == experiment_id, _STATES.c.position == 0)
    row = session.execute(sa.select(_STATES.c.blob_id).where(*first).with_for_update()).first()
    return row is not None and row.blob_id is None


def drop_state_row(session: Session, experiment_id: str) -> int:
    """Remove the last row of a state but the first, which refers to the blob; returns how many that were."""
    of_state = (_STATES.c.experiment_id == experiment_id, _STATES.c.position > 0)
    last = sa.select(sa.func.max(_STATES.c.position)).where(*of_state).scalar_subquery()
    removed = sa.delete(_STATES).where(*of_state, _STATES.c.position == last)
    return cast("sa.CursorResult[Any]", session.execute(removed)).rowcount


def is_blob_used(session: Session, blob_id: str) -> bool:
    """Whether anything refers to a content; if nothing does, nothing will before this transaction ends."""
    session.execute(sa.select(_BLOBS.c.id).where(_BLOBS.c.id == blob_id).with_for_update())
    return any(
        session.execute(sa.select(table.c.blob_id).where(table.c.blob_id == blob_id).limit(1)).first()
        for table in _REFERRING
    )


def let_go_of_experiment(session: Session, experiment_id: str) -> None:
    """The same for all contents of an experiment that is about to be removed."""
    for table in _REFERRING:
        of_experiment = (table.c.experiment_id == experiment_id, table.c.blob_id.is_not(None))
        let_go(session, session.execute(sa.select(table.c.blob_id).where(*of_experiment)).scalars().all())
