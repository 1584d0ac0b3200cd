"""List, read and download checkpoints."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.checkpoints import repository
from service.checkpoints.initial import INITIAL, damaged
from service.checkpoints.repository import Row
from service.errors import Damaged, NotFound
from service.experiments.curve import service as curves
from service.storage.database import Database

__all__ = [
    "KINDS",
    "CheckpointCut",
    "CheckpointReplaced",
    "Stored",
    "StoredContent",
    "content",
    "list_checkpoints",
    "read",
]

KINDS = ("best", "last", INITIAL)


CHECKED_FIRST_BYTES = 8 * 2**20
"""Checkpoints up to this many bytes are verified before the first byte is sent."""


class CheckpointCut(Exception):
    """The rest of a checkpoint's bytes is not sent, since they are damaged."""


class CheckpointReplaced(Exception):
    """The rest of a checkpoint's bytes is gone, since another epoch's were stored meanwhile."""


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A checkpoint's bytes in pieces, with the hash and the size that belong to them."""

    sha256: str
    size: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint's row, and which metrics its experiment has."""

    row: Row
    metric_names: Sequence[str]


def list_checkpoints(session: Session, owner: str, experiment_id: str) -> Sequence[Stored]:
    """The checkpoints of an owner's experiment, none before the first has been stored; raises NotFound."""
    names = curves.metric_names(session, owner, experiment_id)
    return [Stored(row, names) for row in repository.find_all(session, experiment_id)]


def read(session: Session, owner: str, experiment_id: str, kind: str) -> Stored:
    """One checkpoint of an owner's experiment; raises NotFound."""
    names = curves.metric_names(session, owner, experiment_id)
    row = repository.find(session, experiment_id, kind) if kind in KINDS else None
    if row is None:
        raise _not_found(experiment_id, kind)
    return Stored(row, names)


def content(database: Database, experiment_id: str, kind: str) -> StoredContent:
    """Read a checkpoint's bytes (safetensors) piece by piece as they are requested; raises NotFound.

    The caller has shown with ``read`` that it belongs to them. No connection is held between two pieces,
    however slow the client. The pieces end with CheckpointReplaced if another epoch's have been stored
    meanwhile.

    Bytes that do not match the hash raise Damaged here if they are few. Otherwise the pieces end with
    CheckpointCut before the last one.
    """
    while True:
        first = _piece(database, experiment_id, kind, 0)
        if first is None:
            raise _not_found(experiment_id, kind)
        pieces = _checked(first, experiment_id, kind, _pieces(database, experiment_id, kind, first))
        if first.bytes > CHECKED_FIRST_BYTES:
            return StoredContent(first.sha256, first.bytes, _cut(pieces))
        with contextlib.suppress(CheckpointReplaced):
            return StoredContent(first.sha256, first.bytes, iter(list(pieces)))


def _cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces of an answer that has begun, which cannot become a problem document any more."""
    try:
        yield from pieces
    except Damaged as error:
        raise CheckpointCut(str(error)) from error


def _checked(row: Row, experiment_id: str, kind: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, each held back until the next one has come, and the last until the hash is right."""
    digest, held = hashlib.sha256(), b""
    for piece in pieces:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != row.sha256:
        raise damaged(experiment_id, kind)
    yield held


def _pieces(database: Database, experiment_id: str, kind: str, first: Row) -> Iterator[bytes]:
    sent = 0
    for position in itertools.count():
        if sent >= first.bytes:
            return
        piece = _piece(database, experiment_id, kind, position) if position else first
        # Moved to a blob meanwhile, it is the same content in other pieces.
        if piece is None or (piece.sha256, piece.blob_id) != (first.sha256, first.blob_id):
            raise CheckpointReplaced(
                f"Checkpoint {kind} of {experiment_id} was replaced during the download."
            )
        if piece.content is None:
            # One is missing, which the hash of the others tells.
            return
        if piece.piece_sha256 not in {None, hashlib.sha256(piece.content).hexdigest()}:
            raise damaged(experiment_id, kind)
        yield piece.content
        sent += len(piece.content)


def _piece(database: Database, experiment_id: str, kind: str, position: int) -> Row | None:
    with database.reading() as session:
        return repository.find_piece(session, experiment_id, kind, position)


def _not_found(experiment_id: str, kind: str) -> NotFound:
    if kind not in KINDS:
        return NotFound(
            f"There is no checkpoint {kind[:40]}; an experiment has best and last, and initial if it began "
            "from a checkpoint."
        )
    if kind == INITIAL:
        return NotFound(f"Experiment {experiment_id} did not begin from a checkpoint.")
    return NotFound(f"Experiment {experiment_id} has no checkpoint {kind} yet.")
