"""A migrated database, and experiments in it put there as the API does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.access.caller import LOCAL_OWNER
from service.experiments.models import ExperimentRow
from service.experiments.service import submit
from service.storage.database import Database

SMALL: dict[str, Any] = {"dataset": "iris", "architecture": [4], "max_epochs": 3, "seed": 1}

Submit = Callable[..., str]


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    yield database
    database.close()


@pytest.fixture
def submit_together(database: Database) -> Submit:
    """A function that queues a small experiment, with some fields changed, and returns its id."""

    def queue(owner: str = "local", priority: int = 0, **changes: Any) -> str:
        with database.transaction() as session:
            id_ = str(submit(session, LOCAL_OWNER, {**SMALL, **changes}).row.id)
            session.get_one(ExperimentRow, id_).owner = owner
            session.get_one(ExperimentRow, id_).priority = priority
        return id_

    return queue


@pytest.fixture
def submit_experiment(database: Database, submit_together: Submit) -> Submit:
    """The same, of an experiment that trains alone, whatever else there is."""

    def queue(**changes: Any) -> str:
        id_ = submit_together(**changes)
        with database.transaction() as session:
            session.get_one(ExperimentRow, id_).cohort = None
        return id_

    return queue
