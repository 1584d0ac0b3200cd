"""Find, list, change and delete data sets, and record the results of reading them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy.orm import Session

from engine.spec import DatasetFacts, SpecWarning
from service.datasets import catalog, repository
from service.datasets.catalog import BuiltinDataset
from service.datasets.facts import engine_facts, warnings_of
from service.datasets.identifiers import is_identifier
from service.datasets.line import repository as line
from service.datasets.line.repository import Waiting
from service.datasets.repository import Row
from service.datasets.uploads import UPLOADING, VALIDATING
from service.errors import Conflict, NotFound
from service.http.pagination import Page, page_of
from service.storage.database import utc_now

__all__ = [
    "Trainable",
    "UnknownDatasetError",
    "UnreadyDatasetError",
    "Waiting",
    "begin_reading",
    "delete",
    "describe",
    "first_in_line",
    "give_up",
    "list_datasets",
    "list_page",
    "note_loss",
    "places_in_line",
    "put_back",
    "read",
    "share",
    "trainable",
    "uploads",
]

MAX_LOSSES = 3
"""Number of reader processes a data set may kill before it is rejected."""

_SORT = "-created_at"


class Trainable(Protocol):
    """Facts that an experiment needs about its data set."""

    @property
    def name(self) -> str:
        """Identifier used in specifications."""

    @property
    def version(self) -> str:
        """Hash of everything that networks are trained on."""

    @property
    def classes(self) -> Sequence[str] | None:
        """Names of the classes; None for regression."""

    @property
    def facts(self) -> DatasetFacts:
        """The facts that resolving a specification needs."""

    @property
    def warnings(self) -> tuple[SpecWarning, ...]:
        """Warnings of the data set, which every experiment on it repeats."""


@dataclass(frozen=True, slots=True)
class _Uploaded:
    """An uploaded data set that is ready."""

    name: str
    version: str
    classes: Sequence[str] | None
    facts: DatasetFacts
    warnings: tuple[SpecWarning, ...]


class UnknownDatasetError(NotFound):
    """No data set has this name; ``candidates`` are the closest that exist, the closest first."""

    def __init__(self, name: str, candidates: tuple[str, ...] = ()) -> None:
        self.name = name
        self.candidates = candidates
        hint = f' Did you mean "{candidates[0]}"?' if candidates else ""
        known = ", ".join(catalog.names())
        super().__init__(
            "There is no data set of this name. Use the id of one of your own, or a built-in one: "
            f"{known}.{hint}"
        )


class UnreadyDatasetError(ValueError):
    """An uploaded data set that cannot be trained on, or not yet; the message says why."""


def list_datasets() -> tuple[BuiltinDataset, ...]:
    """The data sets that come with the service, in the order of the catalog."""
    return tuple(describe(name) for name in catalog.names())


def describe(name: str) -> BuiltinDataset:
    """The built-in data set of this name; raises UnknownDatasetError if there is none."""
    dataset = catalog.find(name)
    if dataset is None:
        raise UnknownDatasetError(name, _close_to(name))
    return dataset


def _close_to(name: str) -> tuple[str, ...]:
    """Built-in names that look like this one, whatever its case, spaces and dashes."""
    return tuple(difflib.get_close_matches(_plain(name), catalog.names(), n=3, cutoff=0.6))


def _plain(name: str) -> str:
    # Only the beginning is compared: the names are short, and comparing takes time quadratic in the length.
    return name[:64].lower().replace(" ", "_")


def trainable(session: Session, owner: str, name: str, *, hold: bool = True) -> Trainable:
    """The data set that an experiment of this owner names; ``hold`` prevents its deletion until this transaction ends.

    Raises UnknownDatasetError and UnreadyDatasetError.
    """
    if not is_identifier(name):
        return describe(name)
    row = (repository.hold_visible if hold else repository.find_visible)(session, owner, name)
    if row is None:
        raise UnknownDatasetError(name)
    if row.status != "ready":
        advice = "see its reasons" if row.status == "rejected" else "wait until it is ready"
        message = f"This data set is {row.status}; {advice} with GET /v1/datasets/{name}."
        raise UnreadyDatasetError(message)
    warnings = tuple(
        SpecWarning(found["code"], ("dataset",), found["message"])
        for found in warnings_of(row.facts, row.reader_revision)
    )
    return _Uploaded(name, row.version, row.facts["classes"], engine_facts(row.facts), warnings)


def read(session: Session, owner: str, identifier: str) -> Row:
    """An uploaded data set, an owner's own or a shared one; raises NotFound."""
    row = repository.find_visible(session, owner, identifier) if is_identifier(identifier) else None
    if row is None:
        raise _not_found(identifier)
    return row


def _not_found(identifier: str) -> NotFound:
    return NotFound(f"There is no data set {identifier[:64]}.")


def list_page(session: Session, owner: str, *, limit: int, after: str | None = None) -> Page[Row]:
    """A page of an owner's uploaded data sets and of shared ones, the newest first.

    Raises InvalidParameter for a made-up cursor.
    """
    find = partial(repository.find_page, session, owner)
    return page_of(find, partial(repository.count, session, owner), sort=_SORT, limit=limit, after=after)


def share(session: Session, owner: str, identifier: str, *, shared: bool) -> Row:
    """Share this owner's data set with every owner, or stop sharing it; raises NotFound and Conflict.

    Experiments of other owners continue.
    """
    _hold(session, owner, identifier)
    repository.set_shared(session, identifier, shared=shared)
    return read(session, owner, identifier)


def delete(session: Session, owner: str, identifier: str) -> None:
    """Remove an uploaded data set for good.

    Raises NotFound, and Conflict if it is another owner's, or where experiments were made with it.
    """
    row = _hold(session, owner, identifier)
    if (user := repository.find_user(session, identifier)) is not None:
        which = f"Experiments use this data set, for example {user.id}; delete them first."
        others = "Experiments of other owners use this data set. Stop sharing it to prevent new ones."
        raise Conflict(which if user.owner == owner else others)
    repository.delete(session, row)


def _hold(session: Session, owner: str, identifier: str) -> Row:
    """An owner's data set, locked; raises NotFound, and Conflict for one that another owner shares."""
    row = repository.hold(session, owner, identifier) if is_identifier(identifier) else None
    if row is None:
        read(session, owner, identifier)
        message = "This data set is shared by another owner. Only that owner can change or delete it."
        raise Conflict(message)
    return row


def uploads(session: Session) -> Sequence[Row]:
    """Uploads in progress."""
    return repository.find_unfinished(session, UPLOADING)


def places_in_line(session: Session, rows: Iterable[Row]) -> dict[str, int]:
    """The places in line, from 1, of those of the rows that wait to be read."""
    waiting = [row.id for row in rows if row.status == VALIDATING and row.reading_since is None]
    return line.places(session, waiting) if waiting else {}


def first_in_line(session: Session, reading: Collection[str] = ()) -> Waiting | None:
    """The data set that is to be read next, beside those that are being read already; None without any."""
    return line.first(session, reading)


def begin_reading(session: Session, waiting: Waiting) -> int | None:
    """Start a new attempt at a data set and return its number; None if it is no longer to be read."""
    return line.begin(session, waiting, utc_now())


def put_back(session: Session, identifier: str, attempt: int) -> bool:
    """Return a data set to the queue after its reader was killed for memory; whether it still waits."""
    values = {"reading_since": None}
    if not repository.change(session, identifier, values, status=VALIDATING, attempt=attempt):
        return False
    line.refund(session, identifier)
    return True


def give_up(session: Session, row: Row) -> None:
    """Forget what has come of an upload that has stopped, or that nothing came of, unless it goes on after all."""
    values = {"bytes": 0, "reserved_bytes": 0, "attempt": row.attempt + 1}
    if not repository.change(session, row.id, values, status=UPLOADING, attempt=row.attempt):
        return
    if row.bytes:
        repository.let_go(session, row.id)
    else:
        repository.delete(session, row)


def note_loss(
    session: Session, identifier: str, attempt: int, now: datetime, memory: tuple[int, int] | None = None
) -> bool:
    """Hold a reader that ended without a result against its data set; whether it was one.

    ``memory`` is what the reader used when it was killed for that, and what it may use: the next one would use as much.
    """
    row = repository.find_attempt(session, identifier, attempt)
    if row is None:
        return False
    values: dict[str, Any] = {"losses": row.losses + 1, "reading_since": None}
    if memory is not None or row.losses + 1 >= MAX_LOSSES:
        rejection = _lost_reader() if memory is None else _out_of_memory(*memory)
        values |= {"status": "rejected", "rejection": rejection, "finished_at": now}
    repository.change(session, identifier, values, status=VALIDATING, attempt=attempt)
    return True


def _lost_reader() -> dict[str, Any]:
    advice = f"The process that reads this file died {MAX_LOSSES} times; it may need more memory than is available."
    return _rejection(
        f"a reader process that died {MAX_LOSSES} times",
        "a file that can be read",
        advice,
    )


def _out_of_memory(used: int, limit: int) -> dict[str, Any]:
    advice = (
        "Upload fewer rows or columns, or numbers as .npz, which needs the least memory. The operator can "
        "raise TRAINYARD_READER_MEMORY_BYTES."
    )
    return _rejection(
        f"{used / 2**20:,.0f} MiB of memory used to read it",
        f"a file that can be read with {limit / 2**20:,.0f} MiB of memory",
        advice,
    )


def _rejection(found: str, expected: str, advice: str) -> dict[str, Any]:
    return {
        "advice": advice,
        "reasons": [{"row": None, "column": None, "found": found, "expected": expected}],
    }
