"""Data directory: locked by one engine at a time, whose identity it keeps."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path

__all__ = ["DataDirectory", "DataDirectoryError"]

LOCK_NAME = "engine.lock"
POLL_SECONDS = 0.05


class DataDirectoryError(Exception):
    """The data directory cannot be used; the message says why, for people."""


class DataDirectory:
    """A directory held by an exclusive lock for as long as this object, or a child that inherits it, lives.

    The lock file holds the engine's id, under which it dispatches. The id outlives every process, so that the
    next one, once it has the lock, knows that whatever that engine had dispatched here runs no more.
    """

    def __init__(self, path: Path, wait_seconds: float = 0.0) -> None:
        """Create the directory if need be and lock it, waiting for a holder that is about to end.

        Raises DataDirectoryError if the directory cannot be written to or stays locked.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            message = f"The data directory {path} is not writable: {error.strerror}."
            raise DataDirectoryError(message) from error
        self._lock(wait_seconds)
        self.engine_id = read_engine_id(path) or _new_engine_id(self._file)

    @property
    def descriptor(self) -> int:
        """The descriptor a child process inherits to keep the lock if this process dies first."""
        return self._file

    def close(self) -> None:
        """Let the lock go, unless a child still has it."""
        os.close(self._file)

    def _lock(self, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if time.monotonic() >= deadline:
                os.close(self._file)
                message = (
                    f"Another Trainyard is running on the data directory {self.path}. Stop it, or set "
                    "TRAINYARD_DATA_DIR to a separate directory."
                )
                raise DataDirectoryError(message)
            time.sleep(POLL_SECONDS)


def read_engine_id(path: Path) -> str | None:
    """The id of the engine that works, or last worked, in this directory."""
    with contextlib.suppress(FileNotFoundError):
        return (path / LOCK_NAME).read_text(encoding="ascii").strip() or None
    return None


def _new_engine_id(file: int) -> str:
    engine_id = f"engine_{secrets.token_hex(8)}"
    os.pwrite(file, f"{engine_id}\n".encode("ascii"), 0)
    return engine_id
