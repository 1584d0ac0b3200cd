"""Read the rows of a curve: all of them, or only turning points and the thinned ones."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.experiments.models import EpochRow

__all__ = ["Extent", "extent", "read"]

_EPOCHS: Any = EpochRow.__table__
_OF_EXPERIMENT = sa.and_(
    _EPOCHS.c.experiment_id == sa.bindparam("identifier"), _EPOCHS.c.epoch >= sa.bindparam("from_epoch")
)
_MOST_PICKED = 2000
_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class Extent:
    """The ends of a curve, which has every epoch in between, and the epochs of the metrics' extremes."""

    first: int
    last: int
    extremes: Sequence[int]

    @property
    def count(self) -> int:
        """Number of epochs."""
        return self.last - self.first + 1


def extent(session: Session, identifier: str, names: Sequence[str], *, from_epoch: int) -> Extent | None:
    """First and last epoch of a curve and each metric's first minimum and maximum; None without epochs.

    The database looks for them, so that its answer is short, however long the curve is.
    """
    values = {"identifier": identifier, "from_epoch": from_epoch}
    first, last, *bounds = session.execute(_bounds(tuple(names)), values).one()
    if first is None:
        return None
    values |= {f"bound_{place}": bound for place, bound in enumerate(bounds)}
    found = session.execute(_places(tuple(names)), values).one() if names else ()
    return Extent(first, last, [epoch for epoch in found if epoch is not None])


# Kept, since to make them takes as long as to look through a thousand epochs.
@functools.lru_cache(maxsize=64)
def _bounds(names: tuple[str, ...]) -> sa.Select[Any]:
    columns = (_EPOCHS.c[name] for name in ("epoch", *names))
    bounds = (bound for column in columns for bound in (sa.func.min(column), sa.func.max(column)))
    return sa.select(*bounds).where(_OF_EXPERIMENT)


@functools.lru_cache(maxsize=64)
def _places(names: tuple[str, ...]) -> sa.Select[Any]:
    columns = [_EPOCHS.c[name] for name in names for _ in ("minimum", "maximum")]
    return sa.select(
        *(
            sa.select(sa.func.min(_EPOCHS.c.epoch))
            .where(_OF_EXPERIMENT, column == sa.bindparam(f"bound_{place}", type_=column.type))
            .scalar_subquery()
            .label(f"place_{place}")
            for place, column in enumerate(columns)
        )
    )


def read(
    session: Session,
    identifier: str,
    names: Sequence[str],
    *,
    from_epoch: int,
    epochs: Sequence[int] | None = None,
) -> dict[str, list[Any]]:
    """The named metrics by epoch, as columns, ``epoch`` first and ``non_finite`` last.

    Given ``epochs``, which are sorted, those alone.
    """
    columns = {name: list[Any]() for name in ("epoch", *names, "non_finite")}
    statement = (
        sa.select(*(_EPOCHS.c[name] for name in columns)).where(_OF_EXPERIMENT).order_by(_EPOCHS.c.epoch)
    )
    if epochs is not None and len(epochs) <= _MOST_PICKED:
        statement = statement.where(_EPOCHS.c.epoch.in_(epochs))
    found = session.execute(statement, {"identifier": identifier, "from_epoch": from_epoch})
    wanted = None if epochs is None else frozenset(epochs)
    # Rows are taken apart as they come: as rows and as columns together they would need twice the memory.
    for rows in found.partitions(_AT_A_TIME):
        shown = rows if wanted is None else [row for row in rows if row[0] in wanted]
        for column, values in zip(columns.values(), zip(*shown, strict=True), strict=False):
            column.extend(values)
    return columns
