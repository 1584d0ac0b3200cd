"""Bytes of data sets that nothing needs any more are removed a few at a time, so that nobody waits for it.

Whatever ends a data set leaves its bytes where they are: in one transaction the bytes of a large one would keep every
other writer of an SQLite file waiting, and need as much room for its log as they give back.
"""

from __future__ import annotations

from collections.abc import Callable

from service.database import Database
from service.datasets import repository

__all__ = ["PIECES", "sweep"]

PIECES = 8
"""Pieces of an upload that are removed in one transaction, a MiB each; one of eight MiB where they are arrays."""


def sweep(database: Database, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Remove all bytes that belong to no data set, as long as ``go_on`` says so; whether there were any."""
    swept = False
    while go_on():
        with database.reading() as session:
            upload, version = repository.find_loose_upload(session), repository.find_loose_version(session)
        if upload is None and version is None:
            break
        swept = True
        with database.transaction() as session:
            if upload is not None:
                repository.drop_loose_pieces(session, upload, PIECES)
            if version is not None:
                repository.drop_loose_arrays(session, version)
    return swept
