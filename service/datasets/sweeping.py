"""Bytes of data sets that nothing needs any more are removed a few at a time, so that nobody waits for it.

Whatever ends a data set leaves its bytes where they are, and a row among the leftovers: in one transaction the bytes
of a large one would keep every other writer of an SQLite file waiting, and need as much room for its log as they give
back.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from service.database import Database
from service.datasets import repository
from service.leftovers import repository as leftovers
from service.leftovers.repository import Leftover

__all__ = ["PIECES", "sweep"]

PIECES = 8
"""Pieces of an upload that are removed in one transaction, a MiB each; one of eight MiB where they are arrays."""


def sweep(database: Database, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Remove all bytes that belong to no data set, as long as ``go_on`` says so; whether there were any."""
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
    is_upload = leftover.kind == "upload"
    is_used = repository.is_read if is_upload else repository.is_had
    removed = 0
    if not is_used(session, leftover.id):
        if is_upload:
            removed = repository.drop_pieces(session, leftover.id, PIECES)
        else:
            removed = repository.drop_arrays(session, leftover.id)
    if not removed:
        leftovers.forget(session, leftover)
    return removed > 0
