"""Disk space of an SQLite file: a reserve for deletions, released when the disk is full.

To delete rows SQLite first writes to its log. On a disk without a free byte it cannot even be opened.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from service.storage.database import Database

__all__ = ["Room", "has_room", "release", "room_of", "set_aside"]

SUFFIX = "-reserve"
LARGEST_RESERVE_BYTES = 16 * 2**20
SHARE = 16
"""Upper bound of the reserve, as a fraction of the disk."""


@dataclass(frozen=True, slots=True)
class Room:
    """Free space on the database's disk, and the space needed before anything is trained."""

    free: int
    needed: int

    @property
    def missing(self) -> str | None:
        """Description of the missing space; None if there is enough."""
        if self.free >= self.needed:
            return None
        return (
            f"The database's disk has {self.free:,} bytes free; training needs {self.needed:,}. Delete "
            "data sets or experiments, or free other disk space."
        )


def room_of(database: Database) -> Room | None:
    """Return the room of an SQLite file; None if that cannot be seen, as with PostgreSQL."""
    file = _file(database)
    if file is None:
        return None
    try:
        usage = shutil.disk_usage(file.parent)
    except OSError:
        return None
    return Room(usage.free, 2 * _reserve_bytes(usage.total))


def has_room(database: Database) -> bool:
    """Whether there is enough room to train."""
    room = room_of(database)
    return room is None or room.missing is None


def set_aside(database: Database) -> None:
    """Keep a reserve beside the database; release it if the disk is full."""
    file = _file(database)
    if file is None:
        return
    usage = shutil.disk_usage(file.parent)
    size, reserve = _reserve_bytes(usage.total), _reserve(file)
    if usage.free < size:
        release(database)
    elif usage.free >= 4 * size and not reserve.exists():
        try:
            descriptor = os.open(reserve, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)
        except OSError:
            release(database)


def release(database: Database) -> bool:
    """Give the reserve to the disk; return whether there was one."""
    file = _file(database)
    if file is not None:
        with contextlib.suppress(OSError):
            _reserve(file).unlink()
            return True
    return False


def _file(database: Database) -> Path | None:
    return Path(str(database.url.database)).expanduser().absolute() if database.is_sqlite else None


def _reserve(file: Path) -> Path:
    return file.with_name(file.name + SUFFIX)


def _reserve_bytes(total: int) -> int:
    return min(LARGEST_RESERVE_BYTES, total // SHARE)
