"""Why an experiment waits: the rules by themselves, and as an owner sees them."""

from datetime import timedelta

import pytest

from service.experiments.queue.outlook import KEPT_SECONDS, Outlook
from service.experiments.queue.why import Work, why_it_waits
from service.health.models import EngineRow
from service.health.presence import Workers
from service.health.readiness import STALE_SECONDS, EngineWatch
from service.storage.database import Database, utc_now
from tests.service.conftest import OpenClient
from tests.service.rows import change

URL = "/v1/experiments"
IDLE = Work(busy=0, running=0)


@pytest.mark.parametrize(
    ("workers", "work", "most_running", "said"),
    [
        (Workers(2), IDLE, None, "about to start"),
        (Workers(2), Work(busy=1, running=1), None, "about to start"),
        (Workers(2), Work(busy=2, running=0), None, "waiting for a worker (2 busy)"),
        (Workers(2), Work(busy=3, running=9), 10, "waiting for a worker (3 busy)"),
        # A free worker is no use to an owner who may not have it.
        (Workers(2), Work(busy=1, running=1), 1, "limit of running experiments reached (1)"),
        (Workers(2), Work(busy=2, running=2), 2, "limit of running experiments reached (2)"),
        # Nothing else matters while nobody could train it.
        (Workers(0, worker_silent_seconds=47.0), Work(2, 2), 2, "no worker is available (for 40 s)"),
        (Workers(0, worker_silent_seconds=3.0), IDLE, None, "no worker is available"),
        (Workers(0, engine_silent_seconds=0.0), IDLE, None, "no engine is running"),
        (Workers(0, engine_silent_seconds=59.9), Work(1, 1), 1, "no engine is running (for 50 s)"),
        (Workers(0, engine_silent_seconds=60.0), IDLE, None, "no engine is running (for 1 min)"),
        (Workers(0, engine_silent_seconds=7_199.0), IDLE, None, "no engine is running (for 1 h)"),
        (Workers(0, engine_silent_seconds=172_800.0), IDLE, None, "no engine is running (for 2 d)"),
    ],
)
def test_the_first_thing_that_must_change_is_named(
    workers: Workers, work: Work, most_running: int | None, said: str
) -> None:
    assert why_it_waits(workers, work, most_running) == said


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def beat(database: Database, slots: int, *, moment: int = 0) -> None:
    now = utc_now()
    row = EngineRow(
        id="e", hostname="h", started_at=now, beat_at=now + timedelta(seconds=moment), slots=slots
    )
    with database.transaction() as session:
        session.merge(row)


def test_silence_is_measured_from_the_last_sign_of_life(database: Database) -> None:
    clock = Clock()
    watch = EngineWatch(clock)

    def workers() -> Workers:
        with database.reading() as session:
            return watch.look(session)

    assert workers() == Workers(0, engine_silent_seconds=0.0)
    beat(database, slots=2)
    assert workers() == Workers(2)
    clock.now += 1
    beat(database, slots=0, moment=1)
    assert workers() == Workers(0, worker_silent_seconds=1.0)
    clock.now += STALE_SECONDS - 2
    assert workers() == Workers(0, worker_silent_seconds=STALE_SECONDS - 1)
    clock.now += 60
    # The beat was first seen one second late, hence counts as made at the look before.
    assert workers() == Workers(0, engine_silent_seconds=STALE_SECONDS + 59)


def test_an_owner_sees_it_wherever_the_experiment_is_shown(
    open_client: OpenClient, fresh_database_url: str
) -> None:
    client = open_client(fresh_database_url, max_running_per_owner=1)
    app = client.app
    database: Database = app.state.database  # type: ignore[attr-defined]  # the client only knows an ASGI app
    clock = Clock()
    look = app.state.engine_watch.look  # type: ignore[attr-defined]  # see above
    app.state.outlook = Outlook(look, 1, clock)  # type: ignore[attr-defined]  # see above

    running, waiting = (client.post(URL, json={"dataset": "iris"}).json() for _ in range(2))
    assert (running["why"], waiting["why"]) == ("no engine is running", "no engine is running")
    beat(database, slots=1)
    change(database, running["id"], status="running", dispatch_id="d", attempt=1)
    clock.now += KEPT_SECONDS
    first = client.get(f"{URL}/{waiting['id']}")
    assert first.json()["why"] == "limit of running experiments reached (1)"
    assert client.get(f"{URL}/{running['id']}").json()["why"] is None
    assert [each["why"] for each in client.get(URL).json()["data"]] == [first.json()["why"], None]

    # Another owner's turn comes when the worker is free; a client that knows the tag is told.
    change(database, running["id"], owner="ann")
    clock.now += KEPT_SECONDS
    again = client.get(f"{URL}/{waiting['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.json()["why"] == "waiting for a worker (1 busy)"
