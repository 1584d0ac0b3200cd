"""Copy an upload into the database in short transactions; it becomes visible once it is complete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import SEEK_END
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from service.access.caller import NO_LIMITS, Limits
from service.datasets import repository
from service.datasets.disk_space import check_room
from service.datasets.identifiers import is_identifier, new_identifier
from service.datasets.repository import Row
from service.errors import Conflict, NotFound
from service.limits import service as quotas
from service.storage.database import Database, utc_now

__all__ = [
    "UPLOADING",
    "VALIDATING",
    "Announced",
    "UploadGone",
    "announce",
    "check_awaited",
    "fingerprint_of",
    "receive",
    "size_of",
    "upload",
]

UPLOADING, VALIDATING = "uploading", "validating"

PIECE_BYTES = 2**20
"""Size of a stored piece: written within milliseconds, so no flush of a training waits long."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement: the file's name, and the options given, in their normal form."""

    name: str
    options: Mapping[str, Any]
    shared: bool = False
    """Whether every owner may see the data set and train on it."""


class UploadGone(Conflict):
    """The data set was deleted, or another request sent its bytes, during this upload."""

    def __init__(self) -> None:
        super().__init__(
            "This data set already has its file, or was deleted meanwhile; upload the file as a new data set."
        )


def announce(
    session: Session,
    owner: str,
    what: Announced,
    *,
    size: int = 0,
    limits: Limits = NO_LIMITS,
) -> str:
    """Create a data set whose bytes follow, and return its id; raises TooMany.

    Room for ``size`` bytes is reserved with it, if the size is known.
    """
    quotas.reserve_for_dataset(session, owner, limits, size)
    now = utc_now()
    identifier = new_identifier(now)
    values = {"id": identifier, "owner": owner, "created_at": now}
    said = {"name": what.name, "options": dict(what.options), "shared": what.shared}
    state = {"status": UPLOADING, "bytes": 0, "reserved_bytes": size}
    repository.insert(session, values | said | state)
    return identifier


def upload(
    database: Database,
    owner: str,
    what: Announced,
    file: BinaryIO,
    *,
    limits: Limits = NO_LIMITS,
) -> tuple[Row, bool]:
    """Create a data set from a file and have it read; returns its row and whether it is new.

    Where the owner has uploaded the same with the same options before, that data set comes back; one that is to be
    shared is from now on. Nothing stays of one that this ends with an error. Raises NoRoom and TooMany.
    """
    check_room(database, size_of(file))
    with database.transaction() as session:
        identifier = announce(session, owner, what, size=size_of(file), limits=limits)
    try:
        return _receive(database, owner, identifier, file, find_twin=True)
    except BaseException:
        with suppress(Exception), database.transaction() as session:
            _forget(session, owner, identifier)
        raise


def receive(
    database: Database, owner: str, identifier: str, file: BinaryIO, *, limits: Limits = NO_LIMITS
) -> Row:
    """Store the bytes of a data set that was announced before, and have it read; it can be tried again.

    It keeps its id, also where the owner has the same data already: the arrays of both are shared.
    Raises NotFound, UploadGone, NoRoom and TooMany.
    """
    check_room(database, size_of(file))
    return _receive(database, owner, identifier, file, find_twin=False, limits=limits)[0]


def _receive(
    database: Database,
    owner: str,
    identifier: str,
    file: BinaryIO,
    *,
    find_twin: bool,
    limits: Limits = NO_LIMITS,
) -> tuple[Row, bool]:
    """Store the bytes, unless ``find_twin`` finds an equal data set; returns the row and whether it is new."""
    with database.transaction() as session:
        row = _begin(session, owner, identifier, size_of(file), limits)
    _clear(database, row)
    fingerprint = fingerprint_of(file, row.options)
    if find_twin:
        with database.transaction() as session:
            if (twin := _twin(session, row, fingerprint)) is not None:
                return twin, False
    try:
        _copy(database, row, file)
    except BaseException:
        with suppress(Exception):
            _clear(database, row)
            with database.transaction() as session:
                _change(session, identifier, {"reserved_bytes": 0}, row.attempt)
        raise
    with database.transaction() as session:
        if find_twin and (twin := _twin(session, row, fingerprint)) is not None:
            return twin, False
        _change(session, identifier, {"status": VALIDATING, "fingerprint": fingerprint}, row.attempt)
        return _find(session, owner, identifier), True


def check_awaited(session: Session, owner: str, identifier: str) -> None:
    """Raise NotFound or UploadGone, before any byte has come, for a data set that waits for none."""
    if _find(session, owner, identifier).status != UPLOADING:
        raise UploadGone


def size_of(file: BinaryIO) -> int:
    """Size in bytes."""
    return file.seek(0, SEEK_END)


def _clear(database: Database, row: Row) -> None:
    """Remove the arrived bytes, a little at a time, unless another request is sending them."""
    removed = repository.PIECES
    while removed == repository.PIECES:
        with database.transaction() as session:
            _change(session, row.id, {"bytes": 0}, row.attempt)
            removed = repository.drop_pieces(session, row.id, repository.PIECES)


def _copy(database: Database, row: Row, file: BinaryIO) -> None:
    size = 0
    for position, piece in enumerate(_pieces(file)):
        check_room(database, 0)
        size += len(piece)
        with database.transaction() as session:
            _change(session, row.id, {"bytes": size}, row.attempt)
            repository.add_upload_piece(session, row.id, position, piece)


def _begin(session: Session, owner: str, identifier: str, size: int, limits: Limits) -> Row:
    """Begin anew, whatever of it has come before, with room for all bytes; who sent the others can send no more."""
    row = _find(session, owner, identifier)
    attempt = row.attempt + 1
    # Only what it takes beyond its own reservation is asked for.
    _change(session, identifier, {"attempt": attempt, "bytes": 0, "reserved_bytes": 0}, row.attempt)
    quotas.reserve_for_dataset(session, owner, limits, size)
    _change(session, identifier, {"reserved_bytes": size}, attempt)
    return _find(session, owner, identifier)


def _find(session: Session, owner: str, identifier: str) -> Row:
    row = repository.find(session, owner, identifier) if is_identifier(identifier) else None
    if row is None:
        message = f"There is no data set {identifier[:64]}."
        raise NotFound(message)
    return row


def _change(session: Session, identifier: str, values: Mapping[str, Any], attempt: int) -> None:
    if not repository.change(session, identifier, values, status=UPLOADING, attempt=attempt):
        raise UploadGone


def _twin(session: Session, row: Row, fingerprint: str) -> Row | None:
    """An earlier data set of the owner with the same content, which replaces the new one. Raises UploadGone."""
    _change(session, row.id, {}, row.attempt)
    twin = repository.find_twin(session, row.owner, fingerprint)
    if twin is None:
        return None
    repository.delete(session, row)
    if not row.shared:
        return twin
    repository.set_shared(session, twin.id, shared=True)
    return _find(session, twin.owner, twin.id)


def _forget(session: Session, owner: str, identifier: str) -> None:
    row = repository.hold(session, owner, identifier)
    if row is not None and row.status == UPLOADING:
        repository.delete(session, row)


def fingerprint_of(file: BinaryIO, options: Mapping[str, Any]) -> str:
    """The hash of a file and the options to read it with."""
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece
