"""What dispatchers and workers do to rows, one step at a time."""

from typing import Any

import sqlalchemy as sa

from engine.spec import METRICS
from service.execution.dispatching import repository
from service.execution.ledger import writes
from service.execution.ledger.blobs import Weights
from service.execution.ledger.curves import Epoch
from service.execution.worker.work import Lease, Progress, Work
from service.experiments.history.models import EventRow
from service.experiments.models import ExperimentRow
from service.storage.database import Database, utc_now


def epoch(number: int) -> Epoch:
    """An epoch that took a second."""
    metrics = dict.fromkeys(METRICS) | {"train_loss": 1 / number}
    return (number, float(number), None, *metrics.values())


EPOCHS = [epoch(1), epoch(2)]


def claim(database: Database, count: int = 1, engine_id: str = "engine_a") -> list[str]:
    with database.transaction() as session:
        return repository.claim(session, engine_id, lambda _live: count)


def begin_all(database: Database, dispatch_id: str) -> list[Work]:
    with database.transaction() as session:
        return writes.begin(session, dispatch_id)


def begin(database: Database) -> Work:
    """Claim the one experiment that is next, and begin it."""
    (dispatch_id,) = claim(database)
    (work,) = begin_all(database, dispatch_id)
    return work


def lose(database: Database, dispatch_id: str) -> int:
    with database.transaction() as session:
        rows = repository.held(session, ExperimentRow.dispatch_id == dispatch_id)
        return repository.release(session, rows, utc_now(), lost=True)


def lose_all(database: Database) -> None:
    with database.transaction() as session:
        repository.release(session, repository.held(session), utc_now(), lost=True)


def set_all(database: Database, **values: Any) -> None:
    """Change every experiment, as others than the engine do."""
    with database.transaction() as session:
        session.execute(sa.update(ExperimentRow).values(**values))


def store(database: Database, progress: Progress) -> str | None:
    with database.transaction() as session:
        (status,) = writes.store(session, [progress])
    return status


def flush(lease: Lease, state: bytes = b"state") -> Progress:
    """Two epochs, of which the first was the best."""
    best = {"train_loss": 1.0}
    weights = [Weights("best", 1, best, b"weights")]
    return Progress(lease, 0, EPOCHS, {"train_loss": 0.5}, 1, best, state, weights)


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def row(database: Database, id_: str) -> ExperimentRow:
    with database.reading() as session:
        return session.get_one(ExperimentRow, id_)


def events(database: Database, id_: str) -> list[EventRow]:
    """The experiment's events, seen to be numbered without a gap up to the row's own number."""
    with database.reading() as session:
        query = sa.select(EventRow).where(EventRow.experiment_id == id_).order_by(EventRow.sequence)
        found = list(session.scalars(query))
        last = session.get_one(ExperimentRow, id_).last_event
    following = 1
    for event in found:
        assert event.sequence == following
        following += event.count
    assert last == following - 1
    return found
