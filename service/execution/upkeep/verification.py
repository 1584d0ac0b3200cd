"""Verify all stored content that has a hash, beside a running service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from service.checkpoints import service as checkpoints
from service.checkpoints.initial import damaged
from service.checkpoints.models import CheckpointRow
from service.checkpoints.service import CheckpointCut, CheckpointReplaced
from service.datasets import repository as datasets
from service.datasets.models import DatasetArrayRow
from service.errors import Damaged, NotFound
from service.execution.ledger.blobs import damaged_state, load, read_state
from service.experiments.models import ResumeStateRow
from service.storage.database import Database

__all__ = ["verify"]

_PAGE = 200
_CHECKPOINTS: Any = CheckpointRow.__table__
_STATES: Any = ResumeStateRow.__table__
_ARRAYS: Any = DatasetArrayRow.__table__


def verify(database: Database) -> Iterator[Damaged | None]:
    """Read every checkpoint, state and array; yields what is wrong with each, None if nothing is."""
    things: list[tuple[Sequence[Any], Callable[..., None]]] = [
        ((_CHECKPOINTS.c.experiment_id, _CHECKPOINTS.c.kind), _read_checkpoint),
        ((_STATES.c.experiment_id,), _read_state),
        ((_ARRAYS.c.version, _ARRAYS.c.array), _read_array),
    ]
    for columns, read in things:
        for key in _keys(database, columns):
            try:
                read(database, *key)
            except Damaged as error:
                yield error
            else:
                yield None


def _keys(database: Database, columns: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """Each combination of these columns once, in pages that an index leads to."""
    statement = sa.select(*columns).distinct().order_by(*columns).limit(_PAGE)
    last: tuple[str, ...] | None = None
    while True:
        after = [] if last is None else [sa.tuple_(*columns) > sa.tuple_(*map(sa.literal, last))]
        with database.reading() as session:
            page = [tuple(row) for row in session.execute(statement.where(*after))]
        if not page:
            return
        yield from page
        last = page[-1]


def _read_checkpoint(database: Database, experiment_id: str, kind: str) -> None:
    # Content deleted or replaced meanwhile is not damaged.
    with suppress(CheckpointReplaced, NotFound):
        try:
            for _ in checkpoints.content(database, experiment_id, kind).pieces:
                pass
        except CheckpointCut:
            raise damaged(experiment_id, kind) from None


def _read_state(database: Database, experiment_id: str) -> None:
    with database.reading() as session:
        state = read_state(session, experiment_id)
    if state.blob_id is None:
        return
    try:
        load(database, state.blob_id, damaged_state(experiment_id))
    except Damaged:
        with database.reading() as session:
            replaced = read_state(session, experiment_id) != state
        if not replaced:
            raise


def _read_array(database: Database, version: str, array: str) -> None:
    with database.reading() as session:
        for _ in datasets.array_pieces(session, version, array):
            pass
