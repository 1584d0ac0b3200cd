"""Move large contents that older versions stored in rows to blobs, while the service runs.

A content is written as a blob a piece a transaction, then referred to, then its old rows are left to the sweeper. A
process that is killed in between leaves a blob that nothing refers to, or rows that are noted as leftovers.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs import repository as large
from service.checkpoints import service as checkpoints
from service.checkpoints.models import CHECKPOINTS_IN_ROWS, CheckpointRow
from service.checkpoints.service import CheckpointCut, CheckpointReplaced
from service.errors import Damaged, NotFound
from service.execution.ledger.blobs import damaged_state, stage
from service.experiments.models import STATES_IN_ROWS, ResumeStateRow
from service.leftovers import repository as leftovers
from service.storage.database import Database

__all__ = ["Mover"]

_CHECKPOINTS: Any = CheckpointRow.__table__
_STATES: Any = ResumeStateRow.__table__

_CHECKPOINT_KEY = (_CHECKPOINTS.c.experiment_id, _CHECKPOINTS.c.kind)
_NEXT_CHECKPOINT = (
    sa.select(*_CHECKPOINT_KEY, _CHECKPOINTS.c.sha256)
    .where(
        CHECKPOINTS_IN_ROWS,
        sa.tuple_(*_CHECKPOINT_KEY) > sa.tuple_(sa.bindparam("id_"), sa.bindparam("kind_")),
    )
    .order_by(*_CHECKPOINT_KEY)
    .limit(1)
)
_NEXT_STATE = (
    sa.select(_STATES.c.experiment_id, _STATES.c.epoch)
    .where(STATES_IN_ROWS, _STATES.c.experiment_id > sa.bindparam("id_"))
    .order_by(_STATES.c.experiment_id, _STATES.c.position)
    .limit(1)
)


class Mover:
    """Moves each content once; what is damaged stays where it is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Nothing to move appears behind these: ids of experiments ascend.
        self._checkpoint = {"id_": "", "kind_": ""}
        self._state = {"id_": ""}

    def move_one(self) -> bool:
        """Move the next content; False if there is none. Raises BlobGone if it is to be tried again."""
        return self._move_state() or self._move_checkpoint()

    def _move_checkpoint(self) -> bool:
        with self._database.reading() as session:
            row = session.execute(_NEXT_CHECKPOINT, self._checkpoint).first()
        if row is None:
            return False
        key = (_CHECKPOINTS.c.experiment_id == row.experiment_id, _CHECKPOINTS.c.kind == row.kind)
        same = (*key, _CHECKPOINTS.c.sha256 == row.sha256, _CHECKPOINTS.c.blob_id.is_(None))

        def refer(session: Session, blob_id: str) -> bool:
            leftovers.note_ids(session, "chunks", [f"{row.experiment_id}/{row.kind}"])
            return _changed(session, sa.update(_CHECKPOINTS).where(*same).values(blob_id=blob_id))

        with contextlib.suppress(CheckpointCut, CheckpointReplaced, Damaged, NotFound):
            stored = checkpoints.content(self._database, row.experiment_id, row.kind)
            self._move(stored.pieces, refer)
        self._checkpoint = {"id_": row.experiment_id, "kind_": row.kind}
        return True

    def _move_state(self) -> bool:
        with self._database.reading() as session:
            row = session.execute(_NEXT_STATE, self._state).first()
        if row is None:
            return False
        first = (_STATES.c.experiment_id == row.experiment_id, _STATES.c.position == 0)
        same = (*first, _STATES.c.epoch == row.epoch, _STATES.c.blob_id.is_(None))

        def refer(session: Session, blob_id: str) -> bool:
            leftovers.note_ids(session, "state", [row.experiment_id])
            values = {"blob_id": blob_id, "sha256": None, "content": b""}
            return _changed(session, sa.update(_STATES).where(*same).values(values))

        with self._database.reading() as session:
            moved = session.execute(sa.select(_STATES.c.blob_id).where(*first)).scalar() is not None
        with contextlib.suppress(Damaged):
            if not moved:
                self._move(self._state_pieces(row.experiment_id), refer)
        self._state = {"id_": row.experiment_id}
        return True

    def _move(self, pieces: Iterable[bytes], refer: Callable[[Session, str], bool]) -> None:
        """Write pieces as a blob and refer to it, unless they were replaced or deleted meanwhile."""
        blob_id = stage(pieces, self._persist)
        with self._database.transaction() as session:
            if refer(session, blob_id):
                large.keep(session, blob_id)
            else:
                large.let_go(session, [blob_id])

    def _persist(self, write: Callable[[Session], None]) -> None:
        with self._database.transaction() as session:
            write(session)

    def _state_pieces(self, experiment_id: str) -> Iterator[bytes]:
        digest, sha256 = hashlib.sha256(), None
        for position in itertools.count():
            which = (_STATES.c.experiment_id == experiment_id, _STATES.c.position == position)
            with self._database.reading() as session:
                row = session.execute(sa.select(_STATES.c.content, _STATES.c.sha256).where(*which)).first()
            if row is None:
                break
            digest.update(row.content)
            sha256 = row.sha256
            yield row.content
        # States of before there were hashes have none.
        if sha256 not in {None, digest.hexdigest()}:
            raise damaged_state(experiment_id)


def _changed(session: Session, statement: sa.Update) -> bool:
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount == 1
