"""Check for disk space before storing more, and keep enough free to delete."""

from __future__ import annotations

import errno

from service.errors import NoRoom
from service.storage.database import Database

__all__ = ["FULL", "RESERVE_BYTES", "check_room"]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers that report a full disk or an exhausted disk quota."""
RESERVE_BYTES = 64 * 2**20
"""Disk space that data sets leave free, since deleting needs some too."""


def check_room(database: Database, size: int) -> None:
    """Raise NoRoom unless so many bytes can be stored; a PostgreSQL knows by itself."""
    free = database.free_bytes()
    if free is not None and free < size + RESERVE_BYTES:
        message = f"The database's disk has {free:,} bytes free, which is not enough for this upload."
        raise NoRoom(message)
