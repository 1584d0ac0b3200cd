"""What can be asked about checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.checkpoints import repository
from service.checkpoints.repository import Row
from service.errors import NotFound
from service.experiments import service as experiments

__all__ = ["KINDS", "Stored", "StoredContent", "content", "list_checkpoints", "read"]

KINDS = ("best", "last")


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


def list_checkpoints(session: Session, experiment_id: str) -> Sequence[Stored]:
    """An experiment's checkpoints, none before the first has been stored; raises NotFound."""
    names = experiments.metric_names(session, experiment_id)
    return [Stored(row, names) for row in repository.find_all(session, experiment_id)]


def read(session: Session, experiment_id: str, kind: str) -> Stored:
    """One checkpoint; raises NotFound."""
    names = experiments.metric_names(session, experiment_id)
    row = repository.find(session, experiment_id, kind) if kind in KINDS else None
    if row is None:
        raise _not_found(experiment_id, kind)
    return Stored(row, names)


def content(session: Session, experiment_id: str, kind: str) -> StoredContent:
    """A checkpoint's bytes (safetensors), to be read while the session is open; raises NotFound.

    The session must see one state of the database, so that the bytes are those of one epoch even if a better one
    is stored meanwhile.
    """
    row = read(session, experiment_id, kind).row
    return StoredContent(row.sha256, row.bytes, repository.pieces(session, experiment_id, kind))


def _not_found(experiment_id: str, kind: str) -> NotFound:
    if kind not in KINDS:
        return NotFound(f"There is no checkpoint {kind[:40]}; an experiment keeps {' and '.join(KINDS)}.")
    return NotFound(f"Experiment {experiment_id} has no checkpoint {kind} yet.")
