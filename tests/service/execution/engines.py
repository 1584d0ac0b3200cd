"""A dispatcher whose workers do what the test does, step by step."""

import sqlalchemy as sa

from service.execution.dispatching.dispatcher import Dispatcher
from service.execution.dispatching.executor import Loss, MemoryUse, OnLost, Slots
from service.execution.ledger import writes
from service.execution.worker.work import Work
from service.experiments.models import ExperimentRow
from service.storage.database import Database


class Workers:
    """An executor whose workers do what the test does."""

    def __init__(self, on_lost: OnLost) -> None:
        self.total = 2
        self.submitted: list[str] = []
        self.on_lost = on_lost
        self.reachable = True

    def slots(self) -> Slots:
        return Slots(self.total, self.total)

    def memory_bytes(self) -> int | None:
        return 2**30

    def submit(self, dispatch_id: str) -> None:
        if not self.reachable:
            raise ConnectionError
        self.submitted.append(dispatch_id)

    def lose(self, dispatch_id: str, memory: MemoryUse | None = None) -> None:
        self.on_lost(Loss(dispatch_id, memory))

    def close(self) -> None:
        self.total = 0


class Engine:
    """A dispatcher and the workers it was given."""

    def __init__(
        self, database: Database, engine_id: str = "engine_a", turn_seconds: float | None = None
    ) -> None:
        self.made: list[Workers] = []
        self.dispatcher = Dispatcher(database, engine_id, self._make, turn_seconds=turn_seconds)

    def _make(self, on_lost: OnLost) -> Workers:
        self.made.append(Workers(on_lost))
        return self.made[0]

    @property
    def workers(self) -> Workers:
        return self.made[0]

    def step(self, *times: float) -> None:
        for now in times:
            self.dispatcher.step(now)


def statuses(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(sa.select(ExperimentRow.status).order_by(ExperimentRow.created_at)))


def begin(database: Database, dispatch_id: str) -> Work:
    with database.transaction() as session:
        (work,) = writes.begin(session, dispatch_id)
    return work


def seconds(first: int, last: int) -> list[float]:
    return [float(now) for now in range(first, last)]
