"""Whether there is room for more data: asked before the disk is so full that nothing can be removed from it."""

from __future__ import annotations

import errno

from service.errors import NoRoom
from service.storage.database import Database

__all__ = ["FULL", "RESERVE_BYTES", "check_room"]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The numbers of errors that say that a disk, or somebody's share of it, is full."""
RESERVE_BYTES = 64 * 2**20
"""What data sets leave of a disk: to remove something takes room, too."""


def check_room(database: Database, size: int) -> None:
    """Raise NoRoom unless so many bytes can be stored; a PostgreSQL knows by itself."""
    free = database.free_bytes()
    if free is not None and free < size + RESERVE_BYTES:
        message = f"The disk of the database has {free:,} bytes left, which is too little for this."
        raise NoRoom(message)
