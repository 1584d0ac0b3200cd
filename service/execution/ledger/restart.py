"""Reset an experiment's training to start over from epoch 1."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from engine.spec import SpecWarning
from service.blobs.repository import let_go
from service.checkpoints.initial import INITIAL
from service.checkpoints.models import CheckpointRow
from service.errors import Damaged
from service.execution.ledger.blobs import State, replace_states
from service.experiments.history.models import EventRow
from service.experiments.history.repository import record
from service.experiments.models import EpochRow, ExperimentRow

__all__ = ["RESTARTED", "RESTARTED_BY_DAMAGE", "restart_after_damage", "restart_under", "start_over"]

RESTARTED = "restarted_by_new_revision"
RESTARTED_BY_DAMAGE = "restarted_after_damage"

log = structlog.get_logger(__name__)

_EXPERIMENTS: Any = ExperimentRow.__table__
_OF_EPOCHS = ("experiment.epoch", "experiment.checkpoint")


def start_over(session: Session, id_: str) -> None:
    """Remove the curve, the state, the checkpoints and the events that tell of them; weights it was given stay.

    Numbers of events are not given out again: a reader of the events goes on from wherever it is.
    """
    replace_states(session, [State(id_)])
    session.execute(sa.delete(EpochRow).where(EpochRow.experiment_id == id_))
    drawn = (CheckpointRow.experiment_id == id_, CheckpointRow.kind != INITIAL)
    dropped = sa.delete(CheckpointRow).where(*drawn).returning(CheckpointRow.blob_id)
    let_go(session, session.execute(dropped).scalars().all())
    session.execute(sa.delete(EventRow).where(EventRow.experiment_id == id_, EventRow.type.in_(_OF_EPOCHS)))
    nothing = {"last_epoch": 0, "final": None, "best_epoch": None, "best": None}
    session.execute(sa.update(_EXPERIMENTS).where(_EXPERIMENTS.c.id == id_).values(**nothing))


def restart_under(session: Session, row: Any, revision: int) -> None:
    """Restart an experiment that was trained by another revision of the engine, with a warning."""
    start_over(session, row.id)
    message = (
        f"Training started over from epoch 1: its {row.last_epoch} epochs were computed by engine revision "
        f"{row.engine_revision}, and this is revision {revision}, whose results differ."
    )
    _warn(session, row, RESTARTED, message)


def restart_after_damage(session: Session, row: Any, damage: Damaged) -> Any:
    """Restart an experiment whose state is damaged, with a warning; returns its row."""
    start_over(session, row.id)
    log.error("cannot resume", experiment_id=row.id, damage=str(damage))
    message = f"Training started over from epoch 1: {damage.what} was damaged. The results will be the same."
    _warn(session, row, RESTARTED_BY_DAMAGE, message)
    return session.execute(sa.select(_EXPERIMENTS).where(_EXPERIMENTS.c.id == row.id)).one()


def _warn(session: Session, row: Any, code: str, message: str) -> None:
    warning = SpecWarning(code, (), message).document()
    warned = sa.update(_EXPERIMENTS).where(_EXPERIMENTS.c.id == row.id)
    session.execute(warned.values(warnings=[*row.warnings, warning]))
    record(session, row.id, "experiment.warning", warning)
