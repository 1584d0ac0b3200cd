"""Submit, read and list experiments."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from engine.spec import equivalents, to_document
from service.access.caller import NO_LIMITS, Limits
from service.checkpoints import initial
from service.datasets import service as datasets
from service.errors import NotFound
from service.experiments import repository, size_limits, warm_start
from service.experiments.cohort import cohort_of
from service.experiments.history.repository import record_creation
from service.experiments.identifiers import is_identifier, new_identifier
from service.experiments.queue import repository as queue
from service.experiments.repository import Filters, Row
from service.experiments.states import FIRST
from service.experiments.submission import Submission, read_submission
from service.experiments.warm_start import Source
from service.health.presence import worker_memory
from service.http.pagination import Page, page_of
from service.limits import service as usage
from service.logs import current_request_id
from service.storage.database import utc_now

__all__ = [
    "Filters",
    "Placed",
    "check",
    "list_page",
    "not_found",
    "read",
    "submit",
]

# JavaScript's numbers are exact up to here.
_DRAWN_SEEDS = 2**53


@dataclass(frozen=True, slots=True)
class Placed:
    """An experiment's row and, where it is queued, its place in the queue (from 1), if it is not too far back."""

    row: Row
    queue_position: int | None
    why: str | None = None
    """Reason for waiting, if it is queued and the caller requested it."""


def submit(
    session: Session,
    owner: str,
    document: Mapping[str, Any],
    *,
    limits: Limits = NO_LIMITS,
) -> Placed:
    """Store a new experiment of this owner, which queues it.

    Raises InvalidSpec with every problem of the document, and TooMany where the owner has as much as they may.
    """
    submission, source = check(session, owner, _seeded(document), limits=limits)
    size = size_limits.stored_bytes(submission, begins_with_checkpoint=source is not None)
    usage.reserve_for_experiment(session, owner, limits, size)
    now = utc_now()
    identifier = new_identifier(now)
    own = {"owner": owner, "reserved_bytes": size}
    row = repository.insert(session, {**own, **_columns(submission, identifier, now)})
    if source is not None:
        initial.keep(session, identifier, source.kind, of=source.experiment_id)
    record_creation(session, identifier, now)
    return _placed(session, row)


def check(
    session: Session, owner: str, document: Mapping[str, Any], *, limits: Limits, hold: bool = True
) -> tuple[Submission, Source | None]:
    """The submission in a document, with the checkpoint it starts from; raises InvalidSpec with every problem.

    With ``hold``, referenced resources cannot be deleted before this transaction ends.
    """
    submission = read_submission(document, partial(datasets.trainable, session, owner, hold=hold))
    submission, source = warm_start.with_source(session, owner, submission, hold=hold)
    size_limits.refuse_too_large(submission, limits)
    if submission.time_limit_seconds is None and limits.time_limit_seconds is not None:
        submission = replace(submission, time_limit_seconds=float(limits.time_limit_seconds))
    size_limits.refuse_what_fits_nowhere(submission, worker_memory(session))
    return submission, source


def _seeded(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with a seed, drawn before it is checked: to change a checked one is to check it again."""
    if document.get("seed") is not None:
        return document
    return {**document, "seed": secrets.randbelow(_DRAWN_SEEDS)}


def _columns(submission: Submission, identifier: str, now: datetime) -> dict[str, Any]:
    """The first content of an experiment's row."""
    resolved, dataset = submission.resolved, submission.dataset
    experiment = resolved.experiment
    return {
        "id": identifier,
        "created_at": now,
        "request_id": current_request_id(),
        "status": FIRST,
        "priority": submission.priority,
        "time_limit_seconds": submission.time_limit_seconds,
        "last_event": 1,
        "name": submission.name,
        "metadata": dict(submission.metadata),
        "dataset": dataset.name,
        "dataset_version": dataset.version,
        "penalty": experiment.penalty,
        "spec": to_document(experiment),
        "given_lambda": to_document(resolved.given_lambda),
        "equivalents": equivalents(experiment, resolved.rows.train),
        "rows_train": resolved.rows.train,
        "rows_validation": resolved.rows.validation,
        "rows_test": resolved.rows.test,
        "classes": None if dataset.classes is None else list(dataset.classes),
        "task": dataset.facts.task,
        "parameters": resolved.parameters,
        "warnings": [found.document() for found in resolved.warnings],
        "max_epochs": experiment.max_epochs,
        "cohort": cohort_of(experiment, dataset.version),
    }


def read(session: Session, owner: str, identifier: str) -> Placed:
    """One experiment of this owner; raises NotFound, also for an experiment of another owner."""
    row = repository.find(session, owner, identifier) if is_identifier(identifier) else None
    if row is None:
        raise not_found(identifier)
    return _placed(session, row)


def _placed(session: Session, row: Row) -> Placed:
    return Placed(row, queue.queue_positions(session, [row]).get(row.id))


def not_found(identifier: str) -> NotFound:
    """The refusal of an identifier that no experiment has."""
    return NotFound(f"There is no experiment {identifier[:64]}.")


def list_page(
    session: Session, owner: str, filters: Filters, *, sort: str, limit: int, after: str | None = None
) -> Page[Placed]:
    """A page of the owner's experiments by age; raises InvalidParameter for a cursor it did not give out."""
    find = partial(repository.find_page, session, owner, filters, sort=sort)
    count = partial(repository.count, session, owner, filters)
    page = page_of(find, count, sort=sort, limit=limit, after=after)
    places = queue.queue_positions(session, page.items)
    return replace(page, items=[Placed(row, places.get(row.id)) for row in page.items])
