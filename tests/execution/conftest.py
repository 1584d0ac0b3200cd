"""A migrated database, and experiments in it put there as the API does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.database import Database
from service.experiments.service import submit

SMALL: dict[str, Any] = {"dataset": "iris", "architecture": [4], "max_epochs": 3, "seed": 1}

Submit = Callable[..., str]


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    yield database
    database.close()


@pytest.fixture
def submit_experiment(database: Database) -> Submit:
    """A function that queues a small experiment, with some fields changed, and returns its id."""

    def queue(**changes: Any) -> str:
        with database.transaction() as session:
            return str(submit(session, {**SMALL, **changes}).row.id)

    return queue
