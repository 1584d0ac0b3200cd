"""Removing an experiment and everything of it, at once where that is little."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.experiments.contents import repository as contents
from service.experiments.history.models import EventRow
from service.experiments.models import EpochRow, ExperimentMetadataRow, ExperimentRow
from service.experiments.states import ACTIONS, TERMINAL, step
from service.leftovers import repository as leftovers
from service.storage.database import utc_now

__all__ = ["MOST_ROWS", "NOBODY", "Removed", "drop_rows", "remove"]

Removed = sa.Row[Any]
"""``owner`` and ``reserved_bytes`` of an experiment that was removed."""

MOST_ROWS = 1000
"""Epochs, and events, that are removed in one transaction."""

NOBODY = ""
"""The owner of what was removed and is not swept yet; no key has it."""

_EXPERIMENTS: Any = ExperimentRow.__table__
_METADATA: Any = ExperimentMetadataRow.__table__
_EPOCHS: Any = EpochRow.__table__
_EVENTS: Any = EventRow.__table__


def remove(session: Session, identifier: str) -> Removed | None:
    """Remove an experiment; None if there is none. Many epochs and large contents are left to the sweeper.

    Until they are swept the row has no owner and is invisible.
    """
    columns = (_EXPERIMENTS.c[name] for name in ("owner", "reserved_bytes", "last_epoch", "status"))
    own = (_EXPERIMENTS.c.id == identifier, _EXPERIMENTS.c.owner != NOBODY)
    row = session.execute(sa.select(*columns).where(*own).with_for_update()).first()
    if row is not None and row.last_epoch > MOST_ROWS:
        _hide(session, identifier, row.status)
    elif row is not None:
        _delete(session, identifier)
    return row


def _hide(session: Session, identifier: str, status: str) -> None:
    leftovers.note_ids(session, "experiment", [identifier])
    session.execute(sa.delete(_METADATA).where(_METADATA.c.experiment_id == identifier))
    values = {
        "owner": NOBODY,
        # Its data set can be deleted.
        "dataset": "",
        # It waits in no queue.
        "status": status if status in TERMINAL else step(status, ACTIONS["cancel"][status]),
        "finished_at": sa.func.coalesce(
            _EXPERIMENTS.c.finished_at, sa.literal(utc_now(), _EXPERIMENTS.c.finished_at.type)
        ),
        "reserved_bytes": 0,
        # Wakes the readers of its events, who find it gone.
        "last_event": _EXPERIMENTS.c.last_event + 1,
    }
    session.execute(sa.update(_EXPERIMENTS).where(_EXPERIMENTS.c.id == identifier).values(values))


def _delete(session: Session, identifier: str) -> None:
    contents.let_go_of_experiment(session, identifier)
    session.execute(sa.delete(_EXPERIMENTS).where(_EXPERIMENTS.c.id == identifier))


def drop_rows(session: Session, identifier: str) -> int:
    """Remove some epochs or events of an experiment without owner, or finally the row itself and return 0."""
    for table, number in ((_EPOCHS, _EPOCHS.c.epoch), (_EVENTS, _EVENTS.c.sequence)):
        of_experiment = table.c.experiment_id == identifier
        last = sa.select(number).where(of_experiment).order_by(number.desc()).limit(MOST_ROWS)
        lowest = sa.select(sa.func.min(last.subquery().c[number.name])).scalar_subquery()
        removed = session.execute(sa.delete(table).where(of_experiment, number >= lowest))
        if count := cast("sa.CursorResult[Any]", removed).rowcount:
            return count
    _delete(session, identifier)
    return 0
