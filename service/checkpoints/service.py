"""What can be asked about checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.checkpoints import repository
from service.checkpoints.repository import Row, StoredContent
from service.errors import NotFound
from service.experiments import service as experiments

__all__ = ["KINDS", "Stored", "content", "list_checkpoints", "read"]

KINDS = ("best", "last")


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint's row, and which metrics its experiment has."""

    row: Row
    metric_names: Sequence[str]


def list_checkpoints(session: Session, experiment_id: str) -> Sequence[Stored]:
    """An experiment's checkpoints, none before the first has been stored; raises NotFound."""
    names = experiments.metric_names(session, experiment_id)
    return [Stored(row, names) for row in repository.find_all(session, experiment_id)]


def read(session: Session, experiment_id: str, kind: str) -> Stored:
    """One checkpoint; raises NotFound."""
    names = experiments.metric_names(session, experiment_id)
    row = repository.find(session, experiment_id, kind) if kind in KINDS else None
    if row is None:
        raise _not_found(experiment_id, kind)
    return Stored(row, names)


def content(session: Session, experiment_id: str, kind: str) -> StoredContent:
    """A checkpoint's bytes (safetensors), to be read while the session is open; raises NotFound."""
    stored = repository.content(session, experiment_id, kind)
    if stored is None:
        raise _not_found(experiment_id, kind)
    return stored


def _not_found(experiment_id: str, kind: str) -> NotFound:
    if kind not in KINDS:
        return NotFound(f"There is no checkpoint {kind[:40]}; an experiment keeps {' and '.join(KINDS)}.")
    return NotFound(f"Experiment {experiment_id} has no checkpoint {kind} yet.")
