"""Unpack files compressed with gzip."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import zlib
from pathlib import Path

from service.datasets.reading.limits import MAX_BYTES, READ_AT_ONCE, is_bomb
from service.datasets.reading.results import refuse

__all__ = ["unpacked"]

_MAGIC = b"\x1f\x8b"
_LEAST_ROOM = 1 << 26
"""Disk space left free, since others write to the disk too."""
_ADVICE = "Upload the file uncompressed, or compress it again."


def unpacked(path: Path) -> Path:
    """The file itself, or what gzip packed into it, written beside it; raises Refused for damaged and huge ones."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return path
    packed, plain = path.stat().st_size, path.with_name(f"{path.name}-unpacked")
    size = 0
    try:
        with gzip.open(path) as file, plain.open("wb") as out:
            while block := file.read(READ_AT_ONCE):
                size += len(block)
                if size > MAX_BYTES or is_bomb(size, packed):
                    raise refuse(f"{packed} bytes that unpack to {size} or more", "data", _ADVICE)
                if shutil.disk_usage(plain.parent).free < _LEAST_ROOM:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                out.write(block)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise refuse("a damaged gzip file", "a complete gzip file", _ADVICE) from None
    return plain
