"""Read and write the rows of uploaded data sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.datasets.models import DatasetArrayRow, DatasetRow, DatasetUploadRow
from service.datasets.revision import READER_REVISION
from service.errors import Damaged
from service.experiments.models import ExperimentRow
from service.http.pagination import MOST_COUNTED, Position
from service.leftovers import repository as leftovers

__all__ = [
    "PIECES",
    "REPAIR",
    "Row",
    "add_array_piece",
    "add_upload_piece",
    "array_piece_bytes",
    "array_pieces",
    "arrays",
    "change",
    "count",
    "delete",
    "drop_arrays",
    "drop_pieces",
    "find",
    "find_attempt",
    "find_facts",
    "find_page",
    "find_twin",
    "find_unfinished",
    "find_user",
    "find_versions",
    "find_visible",
    "hold",
    "hold_visible",
    "insert",
    "is_had",
    "is_read",
    "let_go",
    "set_shared",
    "upload_pieces",
]

Row = sa.Row[Any]

REPAIR = (
    "Announce the same file with the same options (POST /v1/datasets/announcements) and upload it to "
    "repair the data set, or restore the database from a backup."
)

_DATASETS: Any = DatasetRow.__table__
_UPLOADS: Any = DatasetUploadRow.__table__
_ARRAYS: Any = DatasetArrayRow.__table__
_EXPERIMENTS: Any = ExperimentRow.__table__
_IS_COMING = sa.and_(_DATASETS.c.status == "uploading", _DATASETS.c.bytes > 0)
_STILL_COMING = sa.or_(_DATASETS.c.status == "validating", _IS_COMING)
_IS_HELD = _DATASETS.c.status != "rejected"

PIECES = 2
"""Pieces of an upload or a blob, each of 1 MiB, that one transaction removes; of arrays it is one piece."""


def insert(session: Session, values: Mapping[str, Any]) -> None:
    """Store a new data set."""
    session.execute(sa.insert(_DATASETS).values(attempt=0, losses=0, counter=0, **values))


def find(session: Session, owner: str, identifier: str) -> Row | None:
    """This owner's data set of this id."""
    return session.execute(_of(owner, identifier)).first()


def find_visible(session: Session, owner: str, identifier: str) -> Row | None:
    """The data set of this id, if it is this owner's or shared."""
    return session.execute(_visible_to(owner, identifier)).first()


def hold(session: Session, owner: str, identifier: str) -> Row | None:
    """This owner's data set of this id, locked until this transaction ends."""
    return session.execute(_of(owner, identifier).with_for_update()).first()


def hold_visible(session: Session, owner: str, identifier: str) -> Row | None:
    """The data set of this id, if it is this owner's or shared; it cannot be deleted until this transaction ends."""
    statement = _visible_to(owner, identifier).with_for_update(read=True, key_share=True)
    return session.execute(statement).first()


def _of(owner: str, identifier: str) -> sa.Select[Any]:
    return sa.select(_DATASETS).where(_DATASETS.c.id == identifier, _DATASETS.c.owner == owner)


def _visible_to(owner: str, identifier: str) -> sa.Select[Any]:
    visible = sa.or_(_DATASETS.c.owner == owner, _DATASETS.c.shared)
    return sa.select(_DATASETS).where(_DATASETS.c.id == identifier, visible)


def find_attempt(session: Session, identifier: str, attempt: int) -> Row | None:
    """The data set of this id, if it is to be read and this is the last attempt."""
    which = (_DATASETS.c.id == identifier, _DATASETS.c.attempt == attempt, _DATASETS.c.status == "validating")
    return session.execute(sa.select(_DATASETS).where(*which)).first()


def find_facts(session: Session, version: str) -> dict[str, Any] | None:
    """Facts about a version, None if no data set has it any more."""
    statement = sa.select(_DATASETS.c.facts).where(
        _DATASETS.c.version == version, _DATASETS.c.status == "ready"
    )
    facts: dict[str, Any] | None = session.execute(statement.limit(1)).scalar()
    return facts


def find_versions(session: Session, versions: Sequence[str]) -> set[str]:
    """Those of some versions that a data set still uses."""
    statement = sa.select(_DATASETS.c.version).where(_DATASETS.c.version.in_(versions), _IS_HELD).distinct()
    return set(session.execute(statement).scalars())


def find_user(session: Session, identifier: str) -> Row | None:
    """The ``owner`` and ``id`` of an experiment that was made with this data set, by whatever owner."""
    # Of owners there are few: the index is entered once for each of them.
    first = sa.select(sa.func.min(_EXPERIMENTS.c.owner))
    owners = sa.select(first.scalar_subquery().label("owner")).cte("owners", recursive=True)
    behind = first.where(_EXPERIMENTS.c.owner > owners.c.owner).correlate(owners).scalar_subquery()
    owners = owners.union_all(sa.select(behind).where(owners.c.owner.is_not(None)))
    made = sa.and_(_EXPERIMENTS.c.owner == owners.c.owner, _EXPERIMENTS.c.dataset == identifier)
    statement = sa.select(_EXPERIMENTS.c.owner, _EXPERIMENTS.c.id).join_from(owners, _EXPERIMENTS, made)
    return session.execute(statement.limit(1)).first()


def find_page(session: Session, owner: str, *, after: Position | None, limit: int) -> Sequence[Row]:
    """Up to ``limit`` data sets, an owner's own and shared ones, the newest first, that come after a position.

    None that is still on its way in is among them.
    """

    def newest(table: Any) -> tuple[Any, Any]:
        return table.c.created_at.desc(), table.c.id.desc()

    place = sa.tuple_(_DATASETS.c.created_at, _DATASETS.c.id)
    page = sa.select(_DATASETS).where(_DATASETS.c.status != "uploading")
    if after is not None:
        created_at = sa.literal(after.created_at, _DATASETS.c.created_at.type)
        page = page.where(place < sa.tuple_(created_at, sa.literal(after.id)))
    page = page.order_by(*newest(_DATASETS)).limit(limit)
    own = page.where(_DATASETS.c.owner == owner)
    shared = page.where(_DATASETS.c.shared, _DATASETS.c.owner != owner)
    # Each half is read along its own index.
    both = sa.union_all(*(sa.select(half.subquery()) for half in (own, shared))).subquery()
    return session.execute(sa.select(both).order_by(*newest(both)).limit(limit)).all()


def count(session: Session, owner: str) -> int | None:
    """Number of data sets in all pages of ``find_page``; None beyond MOST_COUNTED."""
    found = sa.select(_DATASETS.c.id).where(_DATASETS.c.status != "uploading").limit(MOST_COUNTED + 1)
    own = found.where(_DATASETS.c.owner == owner)
    shared = found.where(_DATASETS.c.shared, _DATASETS.c.owner != owner)
    total = sum(
        session.execute(sa.select(sa.func.count()).select_from(half.subquery())).scalar_one()
        for half in (own, shared)
    )
    return total if total <= MOST_COUNTED else None


def find_twin(session: Session, owner: str, fingerprint: str) -> Row | None:
    """The result of the current reader for the same bytes and options of the same owner, unless it was rejected.

    The search is locked until this transaction ends, so two transactions cannot both find none.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        key = sa.func.hashtextextended(f"{owner}:{fingerprint}", 0)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
    statement = sa.select(_DATASETS).where(
        _DATASETS.c.owner == owner,
        _DATASETS.c.fingerprint == fingerprint,
        _DATASETS.c.reader_revision == READER_REVISION,
        _DATASETS.c.status != "rejected",
    )
    return session.execute(statement.order_by(_DATASETS.c.created_at).limit(1)).first()


def find_unfinished(session: Session, status: str) -> Sequence[Row]:
    """Unfinished data sets with this status, oldest first."""
    statement = sa.select(_DATASETS).where(_DATASETS.c.status == status, _DATASETS.c.finished_at.is_(None))
    return session.execute(statement.order_by(_DATASETS.c.created_at, _DATASETS.c.id)).all()


def change(
    session: Session, identifier: str, values: Mapping[str, Any], *, status: str, attempt: int | None = None
) -> bool:
    """Change a data set that has this status, and whose attempt this is; False, and nothing done, otherwise."""
    conditions = [_DATASETS.c.id == identifier, _DATASETS.c.status == status]
    if attempt is not None:
        conditions.append(_DATASETS.c.attempt == attempt)
    if values.keys() & {"finished_at", "version"}:
        let_go(session, identifier)
    changed = sa.update(_DATASETS).where(*conditions).values(counter=_DATASETS.c.counter + 1, **values)
    return cast("sa.CursorResult[Any]", session.execute(changed)).rowcount == 1


def set_shared(session: Session, identifier: str, *, shared: bool) -> None:
    """Show a data set to every owner, or no longer."""
    session.execute(sa.update(_DATASETS).where(_DATASETS.c.id == identifier).values(shared=shared))


def add_upload_piece(session: Session, identifier: str, position: int, content: bytes) -> None:
    """Store a piece of the bytes as they came."""
    session.execute(sa.insert(_UPLOADS).values(dataset_id=identifier, position=position, content=content))


def upload_pieces(session: Session, identifier: str) -> Iterator[bytes]:
    """The bytes as they came, a piece at a time."""
    piece = sa.select(_UPLOADS.c.content).where(
        _UPLOADS.c.dataset_id == identifier, _UPLOADS.c.position == sa.bindparam("place")
    )
    place = 0
    while (content := session.execute(piece, {"place": place}).scalar_one_or_none()) is not None:
        yield content
        place += 1


def drop_pieces(session: Session, identifier: str, most: int) -> int:
    """Forget some of the bytes as they came, and return how many pieces that were."""
    last = sa.select(_UPLOADS.c.position).where(_UPLOADS.c.dataset_id == identifier)
    chosen = last.order_by(_UPLOADS.c.position.desc()).limit(most).scalar_subquery()
    removed = sa.delete(_UPLOADS).where(_UPLOADS.c.dataset_id == identifier, _UPLOADS.c.position.in_(chosen))
    return cast("sa.CursorResult[Any]", session.execute(removed)).rowcount


def add_array_piece(session: Session, version: str, array: str, position: int, content: bytes) -> None:
    """Store a piece of an array, unless it is there."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    key = {"version": version, "array": array, "position": position}
    values = {"sha256": hashlib.sha256(content).hexdigest(), "content": content}
    statement = insert(_ARRAYS).values(**key, **values)
    # Existing content is the same, unless it is damaged.
    differs = _ARRAYS.c.content != statement.excluded.content
    session.execute(statement.on_conflict_do_update(index_elements=[*key], set_=values, where=differs))


def arrays(session: Session, version: str) -> Sequence[str]:
    """The names of a version's arrays."""
    statement = sa.select(_ARRAYS.c.array).where(_ARRAYS.c.version == version, _ARRAYS.c.position == 0)
    return session.execute(statement.order_by(_ARRAYS.c.array)).scalars().all()


def array_pieces(session: Session, version: str, array: str) -> Iterator[bytes]:
    """The bytes of an npy file, a piece at a time; raises Damaged."""
    which = (_ARRAYS.c.version == version, _ARRAYS.c.array == array)
    piece = sa.select(_ARRAYS.c.content, _ARRAYS.c.sha256).where(
        *which, _ARRAYS.c.position == sa.bindparam("place")
    )
    place = 0
    while (row := session.execute(piece, {"place": place}).first()) is not None:
        # Pieces of before there were hashes have none.
        if row.sha256 not in {None, hashlib.sha256(row.content).hexdigest()}:
            raise Damaged(f"Array {array} of version {version[:12]} of the data set", REPAIR)
        yield row.content
        place += 1


def delete(session: Session, row: Row) -> None:
    """Remove a data set; its bytes become leftovers unless another data set has the same."""
    let_go(session, row.id)
    session.execute(sa.delete(_DATASETS).where(_DATASETS.c.id == row.id))


def let_go(session: Session, identifier: str) -> None:
    """Pass the bytes and arrays of a data set to the sweeper."""
    own = sa.select(_DATASETS.c.id).where(_DATASETS.c.id == identifier)
    leftovers.note(session, "upload", own)
    versions = sa.select(_DATASETS.c.version).where(
        _DATASETS.c.id == identifier, _DATASETS.c.version.is_not(None)
    )
    leftovers.note(session, "version", versions)


def is_read(session: Session, identifier: str) -> bool:
    """Whether the bytes that came under this id are still to be read, or still come."""
    statement = sa.select(_DATASETS.c.id).where(_DATASETS.c.id == identifier, _STILL_COMING)
    return session.execute(statement).first() is not None


def is_had(session: Session, version: str) -> bool:
    """Whether a data set has the arrays of this version, which none begins or ceases to have in this transaction."""
    if session.get_bind().dialect.name == "postgresql":
        # No upload may adopt it between the check and the removal; SQLite has one writer at a time anyway.
        session.execute(sa.text("LOCK TABLE datasets IN SHARE MODE"))
    return bool(find_versions(session, [version]))


def drop_arrays(session: Session, version: str, most: int) -> int:
    """Remove some pieces of the arrays of a version, the last of each first; returns how many that were."""
    key = (_ARRAYS.c.array, _ARRAYS.c.position)
    of_version = _ARRAYS.c.version == version
    last = sa.select(*key).where(of_version).order_by(*(each.desc() for each in key)).limit(most)
    pieces = session.execute(last).all()
    for piece in pieces:
        one = (column == value for column, value in zip(key, piece, strict=True))
        session.execute(sa.delete(_ARRAYS).where(of_version, *one))
    return len(pieces)


def array_piece_bytes(session: Session, version: str, array: str) -> int:
    """The size of an array's first piece; 0 if there is none."""
    first = (_ARRAYS.c.version == version, _ARRAYS.c.array == array, _ARRAYS.c.position == 0)
    found: int | None = session.execute(sa.select(sa.func.length(_ARRAYS.c.content)).where(*first)).scalar()
    return found or 0
