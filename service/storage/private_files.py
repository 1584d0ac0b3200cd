"""Files and folders that only the service's account may read: the database, and the pepper of API keys."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import structlog

from service.settings import Settings

__all__ = ["make_private"]

_FOLDERS = ("datasets", "intake", "scratch")
_FILES = ("engine.lock", "key-pepper")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = structlog.get_logger(__name__)


def make_private(settings: Settings) -> None:
    """Take the permissions of other accounts from what an earlier version created, and log how many there were.

    A path that belongs to another account is left as it is, and named in the log.
    """
    corrected = 0
    for path in _stored(settings):
        try:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode) or not mode & _OTHERS:
                continue
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
        except FileNotFoundError:
            # Another process of the service has just removed it.
            continue
        except PermissionError:
            log.warning("other accounts can read a file that belongs to another user", path=str(path))
        else:
            corrected += 1
    if corrected:
        log.warning("other accounts could read stored files; corrected", paths=corrected)


def _stored(settings: Settings) -> Iterator[Path]:
    """The data directory, what the service has stored in it, and an SQLite database that lies elsewhere."""
    if settings.data_dir.is_dir():
        yield settings.data_dir
        # By name: other things may lie in the same directory.
        for name in _FOLDERS:
            for folder, _, files in os.walk(settings.data_dir / name):
                yield Path(folder)
                yield from (Path(folder, file) for file in files)
        yield from filter(Path.is_file, (settings.data_dir / name for name in _FILES))
    url = sa.make_url(settings.resolved_database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        suffixes = ("", "-wal", "-shm", "-journal", "-reserve")
        yield from filter(Path.is_file, (Path(url.database + suffix) for suffix in suffixes))
