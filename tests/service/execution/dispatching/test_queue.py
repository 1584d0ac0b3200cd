"""The queue in the database is the one that the rules were shown to work on."""

import random
from typing import Any

import pytest
import sqlalchemy as sa

from engine.spec import lanes_per_stack
from service.access.caller import LOCAL_OWNER
from service.execution.dispatching.cohorts import Waiting, plan
from service.execution.dispatching.queue import DatabaseQueue
from service.experiments.models import ExperimentRow
from service.experiments.service import submit
from service.storage.database import Database, migrate
from tests.service.execution.conftest import SMALL, Submit
from tests.service.execution.waiting import ListedQueue, waiting

IRIS_LANES = lanes_per_stack(parameters=35, batch_size=32)

TABLE: Any = ExperimentRow.__table__


def store(database: Database, template: str, rows: list[Waiting], lost: set[str]) -> None:
    """Queue copies of an experiment; those that have lost a worker belong to a cohort and still train alone."""
    with database.transaction() as session:
        row = dict(session.execute(sa.select(TABLE).where(TABLE.c.id == template)).mappings().one())
        session.execute(sa.delete(TABLE))
        changed = ("id", "owner", "priority", "created_at", "cohort")
        values = [row | {name: getattr(each, name) for name in changed} for each in rows]
        for each in values:
            each["losses"] = int(each["id"] in lost)
            if each["id"] in lost:
                each["cohort"] = "x"
        session.execute(sa.insert(TABLE), values)


@pytest.mark.parametrize("seed", range(4))
def test_it_leads_to_the_same_plan(database: Database, submit_together: Submit, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 - cases, not secrets
    rows = [
        waiting(
            number,
            drawn.choice("abcd"),
            drawn.choice(["x", "x", "y", "z", None]),
            drawn.choice([0, 0, 0, 1, -3]),
            lanes=IRIS_LANES,
        )
        for number in range(120)
    ]
    lost = {row.id for row in rows if row.cohort is None and drawn.random() < 0.5}
    store(database, submit_together(), drawn.sample(rows, len(rows)), lost)
    queue = ListedQueue(rows)
    with database.reading() as session:
        stored = DatabaseQueue(session)
        assert plan(stored, [], 5) == plan(queue, [], 5)
        for cohort in (None, "x", "y", "z", "nowhere"):
            assert stored.fronts(cohort) == queue.fronts(cohort)


def test_what_does_not_wait_is_not_in_it(database: Database, submit_together: Submit) -> None:
    submit_together()
    with database.transaction() as session:
        session.execute(sa.update(TABLE).values(status="paused"))
    with database.reading() as session:
        assert DatabaseQueue(session).fronts() == {}


def steps_of_a_plan(database: Database) -> int:
    """How many thousands of instructions of SQLite's machine it takes to find the next two."""
    ticks: list[None] = []
    with database.reading() as session:
        connection: Any = session.connection().connection.dbapi_connection
        connection.set_progress_handler(lambda: ticks.append(None), 1000)
        assert len(plan(DatabaseQueue(session), [], 2)) == 2
        connection.set_progress_handler(None, 0)
    return len(ticks)


def pages_of_a_plan(database: Database) -> int:
    """How many pages PostgreSQL looks at to find the next two."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with database.reading() as session:
        sa.event.listen(database.engine, "before_cursor_execute", note)
        assert len(plan(DatabaseQueue(session), [], 2)) == 2
        sa.event.remove(database.engine, "before_cursor_execute", note)
        explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
        found = [
            session.connection().exec_driver_sql(explain + each, values).scalar_one()
            for each, values in asked
        ]
    return sum(each[0]["Plan"]["Shared Hit Blocks"] + each[0]["Plan"]["Shared Read Blocks"] for each in found)


COSTS = {"sqlite": steps_of_a_plan, "postgresql": pages_of_a_plan}


def test_a_long_queue_costs_no_more_than_a_short_one(database_url: str) -> None:
    migrate(database_url)
    database = Database(database_url)
    cost = COSTS[database.engine.dialect.name]
    with database.transaction() as session:
        template = submit(session, LOCAL_OWNER, SMALL).row.id
    rows = [waiting(number, "abcdefgh"[number % 8], f"cohort-{number % 7}") for number in range(5000)]
    store(database, template, rows, set())
    long = cost(database)
    with database.transaction() as session:
        session.execute(sa.delete(TABLE).where(TABLE.c.id > rows[100].id))
    assert long <= 2 * cost(database)
    database.close()
