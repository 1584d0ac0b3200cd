"""States and checkpoints as bytes in rows of bounded size."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs import repository as large
from service.checkpoints.initial import INITIAL, damaged
from service.checkpoints.models import CheckpointChunkRow, CheckpointRow
from service.errors import Damaged
from service.experiments.models import ResumeStateRow
from service.storage.database import Database, utc_now

__all__ = [
    "NOTHING",
    "SMALL_BYTES",
    "Content",
    "State",
    "Weights",
    "damaged_state",
    "load",
    "read_initial",
    "read_state",
    "replace_states",
    "sha256_of",
    "stage",
    "store_weights",
]

CHUNK_BYTES = 8 * 2**20
BLOB_PIECE_BYTES = 2**20
"""Size of a piece: written in some milliseconds, for which every other writer of an SQLite file waits."""

_LENGTH_BYTES = 8
"""A safetensors file begins with the length of its header."""

SMALL_BYTES = 2**16
"""Largest content stored in the row itself, which is cheapest."""

_STATES: Any = ResumeStateRow.__table__
_CHECKPOINTS: Any = CheckpointRow.__table__
_CHUNKS: Any = CheckpointChunkRow.__table__


class State(NamedTuple):
    """A state to store: the epoch after which it goes on, and its content, or the blob where that was staged.

    One without either is none.
    """

    experiment_id: str
    epoch: int = 0
    content: bytes = b""
    blob_id: str | None = None


@dataclass(frozen=True)
class Weights:
    """A checkpoint to store: ``metrics`` are those of its epoch, ``content`` the bytes of its file."""

    kind: str
    epoch: int
    metrics: dict[str, Any]
    content: bytes
    blob_id: str | None = None
    """The staged blob, if the content is large."""

    @cached_property
    def sha256(self) -> str:
        """The hash of the content."""
        return sha256_of(self.content)


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that were stored, or the id of the blob that has them."""

    bytes: bytes | None = None
    blob_id: str | None = None


NOTHING = Content()


def stage(content: Iterable[bytes], persist: Callable[[Callable[[Session], None]], None]) -> str:
    """Write a content, given in any pieces, as a blob, one piece per call of ``persist``; returns the blob's id.

    Raises BlobGone.

    The blob is invisible until it is referenced, and no other writer waits long.
    """
    blob_id = f"blob_{uuid.uuid4().hex}"
    persist(lambda session: large.create(session, blob_id))
    for position, piece in enumerate(_pieces_of_blob(content)):
        persist(partial(large.add_piece, blob_id=blob_id, position=position, content=piece))
    return blob_id


def _pieces_of_blob(content: Iterable[bytes]) -> Iterator[bytes]:
    # The header alone, which is enough to check a warm start.
    rest, size = b"", 0
    for piece in content:
        rest, start = rest + piece, 0
        if not size and len(rest) >= _LENGTH_BYTES:
            size = min(_LENGTH_BYTES + int.from_bytes(rest[:_LENGTH_BYTES], "little"), BLOB_PIECE_BYTES)
        while size and len(rest) - start >= size:
            yield rest[start : start + size]
            start, size = start + size, BLOB_PIECE_BYTES
        rest = rest[start:]
    if rest:
        yield rest


def load(database: Database, blob_id: str, what: Damaged) -> bytes:
    """A blob's bytes, read a piece a transaction; raises ``what`` where they are not those that were stored."""
    with database.reading() as session:
        count = large.piece_count(session, blob_id)
    pieces = []
    for position in range(count or 0):
        with database.reading() as session:
            piece = large.find_piece(session, blob_id, position)
        if piece is None or piece.sha256 != sha256_of(piece.content):
            raise what
        pieces.append(piece.content)
    if not pieces:
        raise what
    return b"".join(pieces)


def damaged_state(experiment_id: str) -> Damaged:
    """The error of a state whose bytes are not those of its hash."""
    return Damaged(f"The training state of {experiment_id}", "Training starts over.")


def read_state(session: Session, experiment_id: str) -> Content:
    """The state stored last; raises Damaged."""
    pieces = (
        sa.select(_STATES.c.content, _STATES.c.sha256, _STATES.c.blob_id)
        .where(_STATES.c.experiment_id == experiment_id)
        .order_by(_STATES.c.position)
    )
    first = session.execute(pieces.where(_STATES.c.position == 0)).first()
    if first is not None and first.blob_id is not None:
        # The other rows of a state that was moved may still be there.
        return Content(blob_id=first.blob_id)
    rows = session.execute(pieces).all()
    content = b"".join(row.content for row in rows)
    # States of before there were hashes have none.
    if rows and any(row.sha256 not in {None, sha256_of(content)} for row in rows):
        raise damaged_state(experiment_id)
    return Content(content or None)


def read_initial(session: Session, experiment_id: str) -> Content:
    """The checkpoint that the experiment begins with, nothing if its weights are drawn; raises Damaged."""
    which = (_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == INITIAL)
    row = session.execute(sa.select(_CHECKPOINTS.c.sha256, _CHECKPOINTS.c.blob_id).where(*which)).first()
    if row is None:
        return NOTHING
    if row.blob_id is not None:
        return Content(blob_id=row.blob_id)
    pieces = (
        sa.select(_CHUNKS.c.content)
        .where(_CHUNKS.c.experiment_id == experiment_id, _CHUNKS.c.kind == INITIAL)
        .order_by(_CHUNKS.c.position)
    )
    content = b"".join(session.execute(pieces).scalars())
    if sha256_of(content) != row.sha256:
        raise damaged(experiment_id, INITIAL)
    return Content(content)


def sha256_of(content: bytes) -> str:
    """The hash of some bytes."""
    return hashlib.sha256(content).hexdigest()


def replace_states(session: Session, states: Sequence[State]) -> None:
    """Store states in the place of those that there are; raises BlobGone."""
    ids = [state.experiment_id for state in states]
    if ids:
        dropped = sa.delete(_STATES).where(_STATES.c.experiment_id.in_(ids)).returning(_STATES.c.blob_id)
        large.let_go(session, session.execute(dropped).scalars().all())
    pieces = [piece for state in states for piece in _rows(session, state)]
    if pieces:
        session.execute(sa.insert(_STATES), pieces)


def _rows(session: Session, state: State) -> Iterator[dict[str, Any]]:
    common = {"experiment_id": state.experiment_id, "epoch": state.epoch, "blob_id": state.blob_id}
    if state.blob_id is not None:
        large.keep(session, state.blob_id)
        yield {**common, "position": 0, "sha256": None, "content": b""}
        return
    sha256 = sha256_of(state.content)
    for position, piece in enumerate(_pieces(state.content)):
        yield {**common, "position": position, "sha256": sha256, "content": piece}


def store_weights(session: Session, experiment_id: str, weights: Weights) -> None:
    """Put a checkpoint in the place of the one of its kind; raises BlobGone."""
    which = (_CHECKPOINTS.c.experiment_id == experiment_id, _CHECKPOINTS.c.kind == weights.kind)
    replaced = sa.delete(_CHECKPOINTS).where(*which).returning(_CHECKPOINTS.c.blob_id)
    large.let_go(session, session.execute(replaced).scalars().all())
    session.execute(
        sa.insert(_CHECKPOINTS).values(
            experiment_id=experiment_id,
            kind=weights.kind,
            epoch=weights.epoch,
            metrics=weights.metrics,
            sha256=weights.sha256,
            bytes=len(weights.content),
            created_at=utc_now(),
            blob_id=weights.blob_id,
        )
    )
    if weights.blob_id is not None:
        large.keep(session, weights.blob_id)
        return
    chunks = [
        {"experiment_id": experiment_id, "kind": weights.kind, "position": position, "content": piece}
        for position, piece in enumerate(_pieces(weights.content))
    ]
    session.execute(sa.insert(_CHUNKS), chunks)


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]
