"""Read and write the rows of experiments; Core statements only, since rows are many and reads are hot."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.blobs import repository as blobs
from service.experiments.models import EpochRow, ExperimentMetadataRow, ExperimentRow, ResumeStateRow
from service.experiments.removal.repository import remove
from service.experiments.states import TERMINAL
from service.http.pagination import MOST_COUNTED, NEWEST_FIRST, Position

__all__ = [
    "Filters",
    "Row",
    "Standing",
    "count",
    "delete",
    "drop_resume_state",
    "find",
    "find_curve",
    "find_page",
    "hold",
    "insert",
    "lock",
    "replace_metadata",
    "update",
]

Row = sa.Row[Any]
"""A row of ``experiments`` and, as ``seconds``, its training time so far."""

_EXPERIMENTS: Any = ExperimentRow.__table__
_EPOCHS: Any = EpochRow.__table__
_METADATA: Any = ExperimentMetadataRow.__table__
_RESUME_STATES: Any = ResumeStateRow.__table__

_LAST_EPOCH = sa.and_(
    _EPOCHS.c.experiment_id == _EXPERIMENTS.c.id, _EPOCHS.c.epoch == _EXPERIMENTS.c.last_epoch
)
_SELECT = sa.select(_EXPERIMENTS, _EPOCHS.c.seconds).select_from(_EXPERIMENTS.outerjoin(_EPOCHS, _LAST_EPOCH))
# Made once: they are what clients ask for the most, and making one takes as long as running it.
_INSERT = sa.insert(_EXPERIMENTS).returning(*_EXPERIMENTS.c, sa.null().label("seconds"))
_OWN = sa.and_(_EXPERIMENTS.c.id == sa.bindparam("identifier"), _EXPERIMENTS.c.owner == sa.bindparam("owner"))
_FIND = _SELECT.where(_OWN)
_FIND_CURVE = sa.select(
    *(_EXPERIMENTS.c[name] for name in ("task", "classes", "attempt", "last_epoch", "last_event"))
).where(_OWN)
_MOST_BRANCHES = 40


@dataclass(frozen=True, slots=True)
class Standing:
    """Status of an experiment, and its user's pending requests."""

    status: str
    cancel_requested: bool
    pause_requested: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of a list: any value of a filter, all filters; an empty filter has no effect."""

    status: Sequence[str] = ()
    dataset: Sequence[str] = ()
    penalty: Sequence[str] = ()
    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict)


def insert(session: Session, values: Mapping[str, Any]) -> Row:
    """Store a new experiment and return its row, which is the queue's entry."""
    row = session.execute(_INSERT, dict(values)).one()
    _insert_metadata(session, row, values["metadata"])
    return row


def _insert_metadata(session: Session, row: Row, metadata: Mapping[str, str]) -> None:
    own = {"experiment_id": row.id, "owner": row.owner, "created_at": row.created_at}
    pairs = [{**own, "key": key, "value": value} for key, value in metadata.items()]
    if pairs:
        session.execute(sa.insert(_METADATA), pairs)


def find_curve(session: Session, owner: str, identifier: str) -> Row | None:
    """Facts needed before reading the curve of the owner's experiment: its kind and its progress."""
    return session.execute(_FIND_CURVE, {"identifier": identifier, "owner": owner}).first()


def find(session: Session, owner: str, identifier: str) -> Row | None:
    """The owner's experiment of this id."""
    return session.execute(_FIND, {"identifier": identifier, "owner": owner}).first()


def find_page(
    session: Session, owner: str, filters: Filters, *, sort: str, after: Position | None, limit: int
) -> Sequence[Row]:
    """Up to ``limit`` of the owner's experiments that come after a position in the order of their creation."""
    newest_first = sort == NEWEST_FIRST

    def in_order(statement: Any, keys: Sequence[Any]) -> Any:
        return statement.order_by(*(key.desc() if newest_first else key.asc() for key in keys)).limit(limit)

    base, place = _source(owner, filters)
    following = []
    if after is not None:
        following = [sa.tuple_(*place) < _place(after) if newest_first else sa.tuple_(*place) > _place(after)]
    branches = [in_order(base.where(*conditions, *following), place) for conditions in _branches(filters)]
    if len(branches) == 1:
        return session.execute(branches[0]).all()
    # One index leads through each branch in order, and through no list of values.
    union = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
    return session.execute(in_order(sa.select(union), (union.c.created_at, union.c.id))).all()


def count(session: Session, owner: str, filters: Filters) -> int | None:
    """Number of the owner's experiments that match; None beyond MOST_COUNTED, as counting takes too long."""
    base, _ = _source(owner, filters)
    ids = base.with_only_columns(_EXPERIMENTS.c.id, maintain_column_froms=True)
    left = MOST_COUNTED + 1
    for conditions in _branches(filters):
        some = ids.where(*conditions).limit(left).subquery()
        left -= session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
        if not left:
            return None
    return MOST_COUNTED + 1 - left


def _source(owner: str, filters: Filters) -> tuple[sa.Select[Any], tuple[Any, Any]]:
    """The FROM clause and the columns whose order an index has: the first label's own if it leads."""
    own = _EXPERIMENTS.c.owner == owner
    if not _label_leads(filters):
        return _SELECT.where(own), (_EXPERIMENTS.c.created_at, _EXPERIMENTS.c.id)
    labelled = sa.select(_EXPERIMENTS, _EPOCHS.c.seconds).select_from(
        _METADATA.join(_EXPERIMENTS, _EXPERIMENTS.c.id == _METADATA.c.experiment_id).outerjoin(
            _EPOCHS, _LAST_EPOCH
        )
    )
    labelled = labelled.where(_METADATA.c.owner == owner, own)
    return labelled, (_METADATA.c.created_at, _METADATA.c.experiment_id)


def _label_leads(filters: Filters) -> bool:
    """Whether a page is read along its first label; what has not ended is few, and looked through by itself."""
    return bool(filters.metadata) and (not filters.status or bool(TERMINAL.intersection(filters.status)))


def _branches(filters: Filters) -> Iterator[list[sa.ColumnElement[bool]]]:
    """Conditions of which a row meets one set at most, each set with one value per column if they are few."""
    columns = [_EXPERIMENTS.c[name] for name in ("status", "dataset", "penalty") if getattr(filters, name)]
    choices = [tuple(dict.fromkeys(getattr(filters, column.name))) for column in columns]
    always: list[sa.ColumnElement[bool]] = []
    labels = list(filters.metadata.items())
    if _label_leads(filters):
        key, allowed = labels.pop(0)
        always.append(_METADATA.c.key == key)
        columns.append(_METADATA.c.value)
        choices.append(tuple(dict.fromkeys(allowed)))
    always += [_has_label(key, allowed) for key, allowed in labels]
    if math.prod(map(len, choices)) > _MOST_BRANCHES:
        yield [*(column.in_(choice) for column, choice in zip(columns, choices, strict=True)), *always]
        return
    for values in itertools.product(*choices):
        yield [*(column == value for column, value in zip(columns, values, strict=True)), *always]


def _has_label(key: str, allowed: Sequence[str]) -> sa.ColumnElement[bool]:
    other = _METADATA.alias()
    return sa.exists().where(
        other.c.experiment_id == _EXPERIMENTS.c.id, other.c.key == key, other.c.value.in_(allowed)
    )


def _place(position: Position) -> sa.Tuple:
    created_at = sa.literal(position.created_at, _EXPERIMENTS.c.created_at.type)
    return sa.tuple_(created_at, sa.literal(position.id))


def hold(session: Session, owner: str, identifier: str) -> Row | None:
    """The owner's experiment of this id, which cannot be deleted until this transaction ends."""
    statement = sa.select(_EXPERIMENTS).where(_OWN).with_for_update(read=True, key_share=True)
    return session.execute(statement, {"identifier": identifier, "owner": owner}).first()


def lock(session: Session, owner: str, identifier: str) -> Standing | None:
    """The status of an owner's experiment, locked until this transaction ends."""
    columns = (_EXPERIMENTS.c.status, _EXPERIMENTS.c.cancel_requested, _EXPERIMENTS.c.pause_requested)
    statement = sa.select(*columns).where(_OWN).with_for_update()
    row = session.execute(statement, {"identifier": identifier, "owner": owner}).first()
    return None if row is None else Standing(*row)


def update(session: Session, identifier: str, values: Mapping[str, Any]) -> None:
    """Change some columns of one experiment, whose row is locked."""
    session.execute(sa.update(_EXPERIMENTS).where(_EXPERIMENTS.c.id == identifier).values(values))


def replace_metadata(session: Session, row: Row, metadata: Mapping[str, str]) -> None:
    """Replace the labels by which list filters find an experiment."""
    session.execute(sa.delete(_METADATA).where(_METADATA.c.experiment_id == row.id))
    _insert_metadata(session, row, metadata)


def drop_resume_state(session: Session, identifier: str) -> None:
    """Forget the state of a run that will not go on."""
    dropped = sa.delete(_RESUME_STATES).where(_RESUME_STATES.c.experiment_id == identifier)
    blobs.let_go(session, session.execute(dropped.returning(_RESUME_STATES.c.blob_id)).scalars().all())


def delete(session: Session, identifier: str) -> int:
    """Remove an experiment, whose row is locked; returns the bytes that its owner was charged for."""
    removed = remove(session, identifier)
    return 0 if removed is None else int(removed.reserved_bytes)
