"""Pepper: a secret outside the database, needed to check a key against its stored digest."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from service.settings import Settings

__all__ = ["FILE_NAME", "PepperError", "read_pepper"]

FILE_NAME = "key-pepper"

_BYTES = 32


class PepperError(Exception):
    """There is no usable pepper; the message says why, for people."""


def read_pepper(settings: Settings) -> bytes:
    """The pepper that was set, or that of a file, which is made if there is none; raises PepperError."""
    if settings.key_pepper is not None:
        return settings.key_pepper.get_secret_value().encode()
    file = settings.key_pepper_file or settings.data_dir / FILE_NAME
    try:
        if not file.exists():
            _make(file)
        return _read(file)
    except OSError as error:
        raise PepperError(f"The file {file} cannot be used: {error.strerror}.") from error


def _make(file: Path) -> None:
    """Create the file, complete, even if another process creates it at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # which only its owner may read
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as content:
            content.write(f"{secrets.token_hex(_BYTES)}\n")
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink()


def _read(file: Path) -> bytes:
    if stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise PepperError(
            f"Other users can read {file}, the secret that API keys rely on. Restrict it: chmod 600 {file}"
        )
    content = file.read_text(encoding="ascii").strip()
    if len(content) < 2 * _BYTES:
        message = f"The file {file} is damaged. Restore it from a backup, or delete it and create new keys."
        raise PepperError(message)
    return content.encode()
