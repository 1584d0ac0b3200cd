"""Folder of array files that the workers of a machine share, least recently used dropped first.

Imports NumPy: only workers and tests import this module.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from engine.kernels import Array
from service.datasets.disk_space import FULL
from service.storage.database import utc_now

__all__ = ["CacheFolder", "Marks"]

Marks = tuple[tuple[str, int, int, int, int], ...]
"""Of each file its name, inode, size, and times of change: another write leaves others."""

_Alive = Callable[[list[str]], set[str]]

_UNFINISHED, _DROPPED = "unfinished-", "dropped-"
_ABANDONED_SECONDS = 3600.0
_MANIFEST = "manifest.json"

_logger = logging.getLogger(__name__)


class CacheFolder:
    """A folder with a folder of npy files per version, together of at most ``limit_bytes``.

    A version in use may be dropped like any other: its space is free once no process maps its files.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit = folder, limit_bytes

    def find(self, version: str) -> dict[str, Array] | None:
        """The arrays of a version by name, mapped; None if it is not there, not whole, or goes this moment.

        Whole is what has the sizes and hashes of its manifest, which is written last. What is not is dropped.
        """
        place = self._folder / version
        try:
            os.utime(place)
        except FileNotFoundError:
            return None
        try:
            manifest = json.loads((place / _MANIFEST).read_bytes())
            whole = all(_is_whole(place / name, *written) for name, written in manifest.items())
            if manifest and whole:
                return {Path(name).stem: np.load(place / name, mmap_mode="r") for name in manifest}
        except (AttributeError, EOFError, FileNotFoundError, TypeError, ValueError):
            whole = False
        # A power failure or a failing disk can leave other bytes than were written.
        _logger.warning("a cached data set is damaged; fetching it again: %s", place.name)
        self._drop(place)
        return None

    def marks(self, version: str) -> Marks:
        """What tells whether the files of a version were written to since; empty where there are none."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for file in sorted((self._folder / version).iterdir()):
                state = file.stat()
                found.append((file.name, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
        return tuple(found)

    def add(self, version: str, arrays: Iterable[tuple[str, Iterator[bytes]]], alive: _Alive) -> None:
        """Write a version's files and make space: ``alive`` tells which of some versions are still in use.

        Only one process at a time does this. Raises OSError. If the disk was full, all other versions are
        dropped, so a second attempt may succeed.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        try:
            manifest = {}
            for name, pieces in arrays:
                digest = hashlib.sha256()
                with (unfinished / f"{name}.npy").open("wb") as file:
                    for piece in pieces:
                        file.write(piece)
                        digest.update(piece)
                        os.utime(unfinished)
                    manifest[f"{name}.npy"] = file.tell(), digest.hexdigest()
            (unfinished / _MANIFEST).write_text(json.dumps(manifest))
            self._make_room(_size(unfinished), alive)
            if version not in alive([version]):
                return
            self._publish(unfinished, self._folder / version)
        except OSError as error:
            if error.errno in FULL:
                self._make_room(self._limit, alive)
            raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _publish(self, unfinished: Path, place: Path) -> None:
        try:
            unfinished.rename(place)
        except OSError:
            # Another process was first.
            if not place.is_dir():
                raise

    def _make_room(self, needed: int, alive: _Alive) -> None:
        """Drop unreferenced versions, leftovers, and then the least recently used ones."""
        self._sweep()
        versions = sorted(self._versions(), key=_last_use)
        known = alive([place.name for place in versions])
        sizes = {place: _size(place) for place in versions}
        for place in versions:
            if place.name not in known or needed + sum(sizes.values()) > self._limit:
                sizes.pop(place)
                self._drop(place)

    def _versions(self) -> list[Path]:
        return [
            place for place in self._folder.iterdir() if not place.name.startswith((_UNFINISHED, _DROPPED))
        ]

    def _drop(self, place: Path) -> None:
        """Remove it as a whole, so no reader finds a part of it."""
        gone = place.with_name(f"{_DROPPED}{place.name}-{os.getpid()}")
        with contextlib.suppress(OSError):
            place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what processes that were killed have left half written or half removed."""
        for place in self._folder.glob(f"{_DROPPED}*"):
            shutil.rmtree(place, ignore_errors=True)
        for place in self._folder.glob(f"{_UNFINISHED}*"):
            if utc_now().timestamp() - _last_use(place) > _ABANDONED_SECONDS:
                shutil.rmtree(place, ignore_errors=True)


def _is_whole(file: Path, size: int, sha256: str) -> bool:
    if file.stat().st_size != size:
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == sha256


def _last_use(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(place: Path) -> int:
    sizes = 0
    for file in place.glob("*.npy"):
        with contextlib.suppress(FileNotFoundError):
            sizes += file.stat().st_size
    return sizes
