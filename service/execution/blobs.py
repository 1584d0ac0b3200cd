"""States and checkpoints as bytes in rows of bounded size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.checkpoints.initial import INITIAL, damaged
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.database import utc_now
from service.errors import Damaged
from service.experiments.models import ResumeStateRow

__all__ = ["Weights", "read_initial", "read_state", "replace_states", "sha256_of", "store_weights"]

CHUNK_BYTES = 8 * 2**20

_STATES: Any = ResumeStateRow.__table__
_CHECKPOINTS: Any = CheckpointRow.__table__
_CHUNKS: Any = CheckpointChunkRow.__table__


@dataclass(frozen=True)
class Weights:
    """A checkpoint to store: ``metrics`` are those of its epoch, ``content`` the bytes of its file."""

    kind: str
    epoch: int
    metrics: dict[str, Any]
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """The hash of the content."""
        return sha256_of(self.content)


def read_state(session: Session, experiment_id: str) -> bytes | None:
    """The state stored last, None where there is none; raises Damaged."""
    pieces = (
        sa.select(_STATES.c.content, _STATES.c.sha256)
        .where(_STATES.c.experiment_id == experiment_id)
        .order_by(_STATES.c.position)
    )
    rows = session.execute(pieces).all()
    content = b"".join(row.content for row in rows)
    # States of before there were hashes have none.
    if rows and any(row.sha256 not in {None, sha256_of(content)} for row in rows):
        raise Damaged(f"The state that training of {experiment_id} goes on from", "Training begins again.")
    return content or None


def read_initial(session: Session, experiment_id: str) -> bytes | None:
    """The checkpoint that the experiment begins with, None where its weights are drawn; raises Damaged."""
    which = (_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == INITIAL)
    wanted = session.execute(sa.select(_CHECKPOINTS.c.sha256).where(*which)).scalar()
    if wanted is None:
        return None
    pieces = (
        sa.select(_CHUNKS.c.content)
        .where(_CHUNKS.c.experiment_id == experiment_id, _CHUNKS.c.kind == INITIAL)
        .order_by(_CHUNKS.c.position)
    )
    content = b"".join(session.execute(pieces).scalars())
    if sha256_of(content) != wanted:
        raise damaged(experiment_id, INITIAL)
    return content


def sha256_of(content: bytes) -> str:
    """The hash of some bytes."""
    return hashlib.sha256(content).hexdigest()


def replace_states(session: Session, states: Sequence[tuple[str, int, bytes]]) -> None:
    """Store states: an experiment's id, the epoch after which it goes on, and the content, if it has one."""
    ids = [experiment_id for experiment_id, _, _ in states]
    if ids:
        session.execute(sa.delete(_STATES).where(_STATES.c.experiment_id.in_(ids)))
    pieces = [
        {
            "experiment_id": experiment_id,
            "position": position,
            "epoch": epoch,
            "sha256": sha256,
            "content": piece,
        }
        for experiment_id, epoch, content in states
        for sha256 in [sha256_of(content)]
        for position, piece in enumerate(_pieces(content))
    ]
    if pieces:
        session.execute(sa.insert(_STATES), pieces)


def store_weights(session: Session, experiment_id: str, weights: Weights) -> None:
    """Put a checkpoint in the place of the one of its kind."""
    which = (_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == weights.kind)
    session.execute(sa.delete(_CHECKPOINTS).where(*which))
    session.execute(
        sa.insert(_CHECKPOINTS).values(
            experiment_id=experiment_id,
            kind=weights.kind,
            epoch=weights.epoch,
            metrics=weights.metrics,
            sha256=weights.sha256,
            bytes=len(weights.content),
            created_at=utc_now(),
        )
    )
    chunks = [
        {"experiment_id": experiment_id, "kind": weights.kind, "position": position, "content": piece}
        for position, piece in enumerate(_pieces(weights.content))
    ]
    session.execute(sa.insert(_CHUNKS), chunks)


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]
