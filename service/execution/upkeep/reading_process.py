"""Read one uploaded data set: parse its bytes, and store arrays or reasons for rejection.

    python -m service.execution.upkeep.reading_process ds_… ATTEMPT FOLDER

A separate process isolates its memory use and the effects of a broken file. Every write is conditional on its attempt
being the last one. The engine starts it by ``service.execution.pulse``, which adds the heartbeats.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import structlog
from sqlalchemy.exc import DBAPIError

from engine.spec import to_document
from service.datasets import repository
from service.datasets.disk_space import FULL, check_room
from service.datasets.facts import facts_document, rejection_document
from service.datasets.reading.options import Options
from service.datasets.reading.parse import parse
from service.datasets.reading.results import Parsed, Rejected, refuse
from service.datasets.repository import Row
from service.datasets.revision import READER_REVISION
from service.datasets.uploads import PIECE_BYTES, VALIDATING, fingerprint_of
from service.datasets.versions import dataset_version
from service.errors import Damaged, NoRoom
from service.execution.outage import Outage, patiently
from service.execution.pulse import end_with_parent
from service.logs import configure_logs
from service.settings import Settings
from service.storage.database import Database, is_full, utc_now

__all__ = ["NICENESS", "read"]

NICENESS = 10

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class _Superseded(Exception):
    """The data set was deleted, or another process reads it now."""


class _Reading:
    """One attempt to read one data set. It waits while the database is unavailable."""

    def __init__(self, database: Database, row: Row, folder: Path, outage: Outage) -> None:
        self._database, self._row, self._folder, self._outage = database, row, folder, outage

    def run(self) -> None:
        """Leave the data set ready or rejected."""
        try:
            result = parse(self._fetch(), Options.from_document(self._row.options))
            if isinstance(result, Parsed):
                self._store(result)
        except NoRoom as error:
            result = _without_room(str(error))
        except Damaged as error:
            advice = "The database's disk may be failing; upload the file again."
            result = refuse(str(error), "the bytes that were uploaded", advice).rejected
        except OSError as error:
            if error.errno not in FULL:
                raise
            result = _without_room("A full disk of the data directory.")
        except DBAPIError as error:
            if not is_full(error):
                raise
            result = _without_room("A full disk of the database.")
        if isinstance(result, Rejected):
            self._end(status="rejected", rejection=rejection_document(result))

    def _fetch(self) -> Path:
        check_room(self._database, self._row.bytes)
        file = self._folder / "upload"

        def copy() -> None:
            with file.open("wb") as out, self._database.reading() as session:
                for piece in repository.upload_pieces(session, self._row.id):
                    out.write(piece)

        _outlast(copy, self._outage)
        with file.open("rb") as stored:
            if fingerprint_of(stored, self._row.options) != self._row.fingerprint:
                raise Damaged("The upload", "Upload the file again.")
        return file

    def _store(self, parsed: Parsed) -> None:
        check_room(self._database, sum(array.nbytes for array in parsed.arrays.values()))
        version = dataset_version(
            parsed.arrays,
            task=parsed.task,
            target_name=", ".join(parsed.target_names),
            scaling=to_document(parsed.scaling),
            columns=[column.document for column in parsed.columns],
        )
        # From here on the arrays belong to something that can be deleted, and they with it.
        self._change({"version": version})
        for name, array in parsed.arrays.items():
            file = self._folder / f"{name}.npy"
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            # An older version stored larger pieces: while they are repaired, others read them.
            size = max(PIECE_BYTES, self._stored_piece_bytes(version, name))
            for position, piece in enumerate(_pieces(file, size)):
                check_room(self._database, len(piece))
                self._change({}, (version, name, position, piece))
            file.unlink()
        self._end(status="ready", facts=facts_document(parsed))

    def _stored_piece_bytes(self, version: str, name: str) -> int:
        def look() -> int:
            with self._database.reading() as session:
                return repository.array_piece_bytes(session, version, name)

        return _outlast(look, self._outage)

    def _change(self, values: Mapping[str, Any], piece: tuple[str, str, int, bytes] | None = None) -> None:
        def change() -> None:
            with self._database.transaction() as session:
                row = self._row
                if not repository.change(session, row.id, values, status=VALIDATING, attempt=row.attempt):
                    raise _Superseded
                if piece is not None:
                    repository.add_array_piece(session, *piece)

        _outlast(change, self._outage)

    def _end(self, **values: Any) -> None:
        def end() -> None:
            with self._database.transaction() as session:
                row, ended = (
                    self._row,
                    {**values, "reader_revision": READER_REVISION, "finished_at": utc_now()},
                )
                repository.change(session, row.id, ended, status=VALIDATING, attempt=row.attempt)

        _outlast(end, self._outage)


def read(database: Database, identifier: str, attempt: int, folder: Path) -> None:
    """Read a data set, with a folder of one's own for temporary files; does nothing if the attempt is over."""
    outage = Outage("the database")

    def find() -> Row | None:
        with database.reading() as session:
            return repository.find_attempt(session, identifier, attempt)

    row = _outlast(find, outage)
    if row is None:
        return
    try:
        _Reading(database, row, folder, outage).run()
    except _Superseded:
        return


def _outlast(call: Callable[[], Answer], outage: Outage) -> Answer:
    """Call until the database is available; a full disk is an answer, not an outage."""
    return patiently(call, outage, time.sleep, is_final=is_full)


def _without_room(why: str) -> Rejected:
    return refuse(
        why, "enough disk space to read it", "Free some disk space on the server, and upload the file again."
    ).rejected


def _pieces(file: Path, size: int) -> Iterator[bytes]:
    with file.open("rb") as content:
        while piece := content.read(size):
            yield piece


def main() -> None:
    """Read what the command line names, and end at once if the parent does."""
    configure_logs()
    identifier, attempt, place = sys.argv[1:]
    os.nice(NICENESS)
    end_with_parent()
    try:
        database = Database(Settings().resolved_database_url)
        with tempfile.TemporaryDirectory(prefix="read-", dir=place) as folder:
            read(database, identifier, int(attempt), Path(folder))
    except Exception:
        log.exception("a reader failed", dataset_id=identifier, attempt=int(attempt))
        sys.exit(1)


if __name__ == "__main__":
    main()
