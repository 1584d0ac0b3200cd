"""A PostgreSQL that does not answer, and one whose clients say nothing more."""

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.access.caller import LOCAL_OWNER
from service.execution.dispatching import repository
from service.execution.ledger import writes
from service.execution.worker.dispatches import WorkerProcess
from service.experiments.models import ExperimentRow
from service.experiments.service import submit
from service.storage import postgresql
from service.storage.database import Database, migrate, utc_now
from tests.service.execution.conftest import SMALL


def test_who_has_patience_waits_and_who_has_none_is_told(postgresql_url: str) -> None:
    slow = sa.text("SELECT pg_sleep(1)")
    hasty, patient = Database(postgresql_url, patience_seconds=0.1), Database(postgresql_url)
    with patient.reading() as session:
        session.execute(slow)
    with pytest.raises(sa.exc.OperationalError, match=r"no answer within 0\.1 s"), hasty.reading() as session:
        session.execute(slow)
    with hasty.reading() as session:
        assert session.scalar(sa.text("SELECT 7")) == 7
    with pytest.raises(sa.exc.ProgrammingError, match="nothing"), hasty.reading() as session:
        session.execute(sa.text("SELECT nothing"))
    for database in (hasty, patient):
        database.close()


def test_a_row_that_a_frozen_worker_had_locked_is_taken_over(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "FORGOTTEN_SECONDS", 1)
    migrate(postgresql_url)
    database, frozen = Database(postgresql_url), Database(postgresql_url)
    with database.transaction() as session:
        id_ = submit(session, LOCAL_OWNER, SMALL).row.id
    with database.transaction() as session:
        (dispatch_id,) = repository.claim(session, "engine_a", lambda _live: 1)
    with frozen.transaction() as session:
        (work,) = writes.begin(session, dispatch_id)

    def be_frozen_in_a_transaction() -> None:
        with frozen.transaction() as session:
            writes.beat(session, [work.lease])
            with database.transaction() as other:
                repository.release(other, repository.held(other), utc_now(), lost=True)
            writes.beat(session, [work.lease])

    with pytest.raises(sa.exc.DBAPIError) as ended:
        be_frozen_in_a_transaction()
    assert ended.value.connection_invalidated
    with database.reading() as session:
        assert session.get_one(ExperimentRow, id_).losses == 1
    for each in (database, frozen):
        each.close()


def test_a_worker_does_again_what_the_server_gave_up(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "FORGOTTEN_SECONDS", 1)
    freezing = threading.Event()

    def freeze_once(session: Session) -> int:
        session.execute(sa.text("SELECT 1"))
        if not freezing.is_set():
            freezing.set()
            time.sleep(1.5)
        return int(session.execute(sa.text("SELECT 7")).scalar_one())

    with contextlib.closing(WorkerProcess(postgresql_url, Path(os.devnull), 0)) as process:
        assert process._persist(freeze_once)  # noqa: SLF001 - the one way to the database == 7
