"""Remove unreferenced bytes a few at a time, in short transactions.

Whatever ends a data set, or a checkpoint, leaves its bytes where they are, and a row among the leftovers: in one
transaction the bytes of a large one would keep every other writer of an SQLite file waiting, and need as much room for
its log as they give back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from service.blobs import repository as blobs
from service.datasets import repository
from service.datasets.repository import PIECES
from service.experiments.contents import repository as contents
from service.experiments.removal import repository as removal
from service.leftovers import repository as leftovers
from service.leftovers.repository import Kind, Leftover
from service.storage.database import Database

__all__ = ["sweep"]

_KINDS: Mapping[Kind, tuple[Callable[[Session, str], bool], Callable[[Session, str], int]]] = (
    MappingProxyType(
        {
            "blob": (
                contents.is_blob_used,
                lambda session, id_: blobs.drop_pieces(session, id_, PIECES),
            ),
            "experiment": (lambda _session, _id: False, removal.drop_rows),
            "chunks": (contents.are_chunks_used, contents.drop_chunk),
            "state": (contents.is_state_used, contents.drop_state_row),
            "upload": (repository.is_read, lambda session, id_: repository.drop_pieces(session, id_, PIECES)),
            "version": (repository.is_had, lambda session, id_: repository.drop_arrays(session, id_, 1)),
        }
    )
)
"""Whether content is in use, and how to remove part of it."""


def sweep(database: Database, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Remove all bytes that belong to nothing, as long as ``go_on`` says so; whether there were any."""
    swept = False
    while go_on():
        with database.reading() as session:
            leftover = leftovers.first(session)
        if leftover is None:
            break
        with database.transaction() as session:
            if leftovers.hold(session, leftover):
                swept = _sweep(session, leftover) or swept
    return swept


def _sweep(session: Session, leftover: Leftover) -> bool:
    """Remove some of the bytes, and the leftover with the last of them or where they are in use."""
    is_used, drop = _KINDS[leftover.kind]
    removed = 0 if is_used(session, leftover.id) else drop(session, leftover.id)
    if not removed:
        leftovers.forget(session, leftover)
    return removed > 0
